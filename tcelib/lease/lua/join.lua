-- Give a lease to a holder whose name is free.
--
-- ARGV from 4 on: the holder's record (JSON), the milliseconds of the lease, the lease to replace (0 for none)
-- Returns the number of the lease; or 0, and the number, the record and the milliseconds left of the one in the way.

local LARGEST = 2 ^ 53 -- above it two numbers of Lua are not told apart; no clock comes there

local raw, ms, replaces = ARGV[4], tonumber(ARGV[5]), ARGV[6]
local mine = cjson.decode(raw)

for command, key in pairs({HLEN = records, SCARD = graves, XLEN = changes, GET = last}) do
  redis.call(command, key) -- none is of another kind
end
local found = living()
for i = 1, #found, 2 do
  local number = found[i]
  local other, other_raw = record_of(number)
  local is_shared = mine.sharing ~= '' and mine.sharing == other.sharing
  if other.kind == mine.kind and other.name == mine.name and not is_shared then
    if number ~= replaces then
      return {'0', number, other_raw, tonumber(found[i + 1]) - now_ms}
    end
    end_lease(number, 'ended')
  end
end

-- By the clock, so that a number is not given twice by a primary that lacks the last ones.
local before = tonumber(redis.call('GET', last)) or 0
local number = math.max(before < LARGEST and before + 1 or 0, now_us)
number = string.format('%.0f', number)
redis.call('SET', last, number)
redis.call('HSET', records, number, raw)
redis.call('ZADD', ends, now_ms + ms, number)
tell('joined', number, 'record', raw)
return {number}

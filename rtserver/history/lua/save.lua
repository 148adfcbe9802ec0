-- Store the state of a quote with its new ticks and bars. Atomic.
--
-- KEYS: the state, the ticks, the quotes
-- ARGV: the prefix of all keys, the quote, the stamp, the number of ticks, the state, the number of ticks before the new
--       ones, the new ticks with their length in front, the number of ticks that stay at least, then six words for each
--       group of bars (add.lua)
-- Returns the number of ticks that is stored now, then base, group and number of blocks of each group; or -1 and a key
-- that holds something else. The set of quotes counts as empty if it does, and is the last element then.
--
-- Ticks are a list of portions. Its elements begin with the number of ticks before them; small portions share one.

local SHARED = 4096 -- bytes of an element that takes one more portion

local prefix, quote, stamp, seq, state, after, ticks = unpack(ARGV, 1, 7)
local most = tonumber(ARGV[8])
local odd = odd_key(KEYS[1], 'hash') or odd_key(KEYS[2], 'list') or odd_bar_key(prefix, quote, 9)
if odd then
  return {-1, odd}
end

local stored = redis.call('HMGET', KEYS[1], 'stamp', 'seq')
local stored_stamp, stored_seq = stored[1], tonumber(stored[2] or 0) or 0
if stored_stamp and parts_of(stored_stamp) and is_behind(stored_stamp, stamp) then
  return {stored_seq}
end
if after == '0' then
  redis.call('DEL', KEYS[2])
elseif tonumber(after) ~= stored_seq then
  return {stored_seq}
end

local function before(element)
  return element and tonumber(string.match(element, '^(%d+)\n'))
end

if #ticks > 0 then
  local last = redis.call('LINDEX', KEYS[2], -1)
  if last and #last + #ticks <= SHARED then
    redis.call('LSET', KEYS[2], -1, last .. ticks)
  else
    redis.call('RPUSH', KEYS[2], after .. '\n' .. ticks)
  end
  while (before(redis.call('LINDEX', KEYS[2], 1)) or math.huge) <= seq - most do
    redis.call('LPOP', KEYS[2])
  end
end
redis.call('HSET', KEYS[1], 'stamp', stamp, 'seq', seq, 'state', state)
local answer = add_bars(prefix, quote, 9) -- too long for unpack where much is stored at once
table.insert(answer, 1, tonumber(seq))
answer[#answer + 1] = note_quote('SADD', KEYS[3], 'state ' .. quote)
return answer

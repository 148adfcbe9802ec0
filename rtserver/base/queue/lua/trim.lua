-- Trim the bus because memory is short: the entries that all readers have passed that committed lately. Atomic.
--
-- KEYS: the times of offsets, the bus, its bytes, its marks, the hash of committed offsets, the last entry that the bus
--       has lost
-- ARGV: the bytes that the bus may keep, the milliseconds for which an offset counts, the prefix of all keys, and the
--       age in milliseconds from which entries go that some reader has not passed (0: none of them)
-- Returns the number of trimmed entries, and of those among them that some reader had not passed.
--
-- An offset without a time was committed by an older version: it counts from now on.

local moments, bus, bytes_key, marks, offsets, lost_key = unpack(KEYS)
local keep, counted_ms, prefix, lost_age = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

for _, field in ipairs(redis.call('HKEYS', offsets)) do
  redis.call('ZADD', moments, 'NX', now_ms, 'lane ' .. field)
end

local passed = passed_by('any', moments, offsets, prefix, now_ms - counted_ms) or '0-0'

local newest = redis.call('XREVRANGE', bus, '+', '-', 'COUNT', 1)[1]
if not newest then
  return {0, 0}
end
local _, newest_number = parts_of(newest[1])
local length = redis.call('XLEN', bus)
local total = tonumber(redis.call('GET', bytes_key)) or 0
local goal = keep > 0 and mark_within(marks, total, keep) or (keep <= 0 and newest[1])
if not goal then
  return {0, 0}
end

local limit = next_of(passed) -- the first entry that stays
if lost_age > 0 then
  local by_age = string.format('%.0f-0', now_ms - lost_age)
  limit = is_behind(by_age, limit) and by_age or limit
end
limit = is_behind(goal, limit) and limit or goal
local trimmed = redis.call('XTRIM', bus, 'MINID', limit)
local _, passed_number = parts_of(passed)
local last = newest_number - length + trimmed -- number of the last trimmed entry
forget_marks(marks, last)
-- Entries that go before they were derived are lost to later readers of the streams.
local derived = passed_by('cursor', moments, nil, prefix, now_ms - counted_ms)
if derived and trimmed > 0 then
  local first_ms, first_number = parts_of(redis.call('XRANGE', bus, '-', '+', 'COUNT', 1)[1][1])
  local lost_id = string.format('%.0f-%.0f', first_ms, first_number - 1)
  if is_behind(lost_id, derived) and is_behind(lost_id, noted(lost_key) or '0-0') then
    redis.call('SET', lost_key, lost_id)
  end
end
return {trimmed, math.max(0, math.min(trimmed, last - passed_number))}

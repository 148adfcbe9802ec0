-- Commit how far the lanes of a worker have come. No offset moves backwards, unless the bus has begun anew.
--
-- KEYS: the hash of committed offsets, the bus, its end, the times of offsets
-- ARGV: a field and an id of the bus, and so on in pairs
-- Returns 0 if the key is no hash: then nothing is committed. A field that cannot be read counts as missing.
--
-- Two processes may commit under one name, an old one that ends and the one that takes its place; and a command whose
-- connection broke may arrive after the one that repeats it.

local offsets, bus, end_key, moments = unpack(KEYS)

local kind = redis.call('TYPE', offsets).ok
if kind ~= 'hash' and kind ~= 'none' then
  return 0
end

local newest_id = end_of(bus, end_key)

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

for i = 1, #ARGV, 2 do
  redis.call('ZADD', moments, now_ms, 'lane ' .. ARGV[i])
  local old, new = redis.call('HGET', offsets, ARGV[i]), ARGV[i + 1]
  -- If Redis has lost the end of the bus, other entries will take its place.
  if newest_id ~= '0-0' and is_behind(new, newest_id) then
    new = newest_id
  end
  if not old or not parts_of(old) or is_behind(new, old) or is_behind(old, newest_id) then
    redis.call('HSET', offsets, ARGV[i], new)
  end
end
return 1

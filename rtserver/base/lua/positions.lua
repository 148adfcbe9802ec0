-- Note down how far the lanes of a worker have come. None goes backwards, unless the bus has begun anew.
--
-- KEYS: the hash of positions, the bus
-- ARGV: a field and an id of the bus, and so on in pairs
-- Returns 0 if the key is another kind than a hash: then nothing is noted down. A field that cannot be read counts as
-- none.
--
-- Two processes may save under one name, an old one that ends and the one that takes its place; and a command whose
-- connection broke may arrive after the one that repeated it.

local positions, bus = KEYS[1], KEYS[2]

local kind = redis.call('TYPE', positions).ok
if kind ~= 'hash' and kind ~= 'none' then
  return 0
end

local newest = redis.call('XREVRANGE', bus, '+', '-', 'COUNT', 1)[1]
local newest_id = newest and newest[1] or '0-0'

for i = 1, #ARGV, 2 do
  local old = redis.call('HGET', positions, ARGV[i])
  if not old or not parts_of(old) or is_behind(ARGV[i + 1], old) or is_behind(old, newest_id) then
    redis.call('HSET', positions, ARGV[i], ARGV[i + 1])
  end
end
return 1

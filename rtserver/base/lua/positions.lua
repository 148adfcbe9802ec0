-- Note down how far the lanes of a worker have come. None goes backwards, unless the bus has begun anew.
--
-- KEYS: the hash of positions, the bus
-- ARGV: a field and an id of the bus, and so on in pairs
--
-- Two processes may save under one name, an old one that ends and the one that takes its place; and a command whose
-- connection broke may arrive after the one that repeated it.

local positions, bus = KEYS[1], KEYS[2]

local function is_behind(one, other)
  local ms, number = string.match(one, '(%d+)-(%d+)')
  local other_ms, other_number = string.match(other, '(%d+)-(%d+)')
  ms, other_ms = tonumber(ms), tonumber(other_ms)
  return ms > other_ms or (ms == other_ms and tonumber(number) > tonumber(other_number))
end

local newest = redis.call('XREVRANGE', bus, '+', '-', 'COUNT', 1)[1]
local newest_id = newest and newest[1] or '0-0'

for i = 1, #ARGV, 2 do
  local old = redis.call('HGET', positions, ARGV[i])
  if not old or is_behind(ARGV[i + 1], old) or is_behind(old, newest_id) then
    redis.call('HSET', positions, ARGV[i], ARGV[i + 1])
  end
end

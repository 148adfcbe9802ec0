-- Move the messages of the intake list, then some of the queue's list, to the bus. Atomic like every script.
--
-- KEYS: the list, the intake list, the bus
-- ARGV: how many may be taken from the list, how long the bus may get (about)
-- Returns how many were moved, and the id of the bus' newest entry.
--
-- Adds before it removes: if the first XADD is refused (no memory, a key of the wrong kind), nothing has happened.

local list, intake, bus = KEYS[1], KEYS[2], KEYS[3]
local limit, bus_length = tonumber(ARGV[1]), ARGV[2]

local newest = redis.call('XREVRANGE', bus, '+', '-', 'COUNT', 1)[1]
local newest_id = newest and newest[1] or '0-0'
local newest_ms, number = string.match(newest_id, '(%d+)-(%d+)')

local time = redis.call('TIME')
-- The clock may have been set back, the ids may not.
local ms = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(newest_ms))
local prefix = string.format('%.0f-', ms)

local function append(messages)
  for _, raw in ipairs(messages) do
    number = number + 1
    newest_id = prefix .. string.format('%.0f', number)
    redis.call('XADD', bus, 'MAXLEN', '~', bus_length, newest_id, 'raw', raw)
  end
  return #messages
end

local moved = append(redis.call('LRANGE', intake, 0, -1))
if moved > 0 then
  redis.call('DEL', intake)
end
local more = append(redis.call('LRANGE', list, 0, limit - 1))
if more > 0 then
  redis.call('LTRIM', list, more, -1)
end
return {moved + more, newest_id}

-- Move the messages of the intake list, then some of the queue's list, to the bus. Atomic like every script.
--
-- KEYS: the list, the intake list, the bus, the names of messages by the millisecond in which they came
-- ARGV: how many may be taken from the list, how long the bus may get (about), for how many milliseconds a message's
--       name is remembered (0: not at all), how many names are at most
-- Returns how many were moved, the id of the bus' newest entry, and how many were dropped as repeats.
--
-- Adds before it removes: if the first XADD is refused (no memory, a key of the wrong kind), nothing has happened.

local list, intake, bus, names = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local limit, bus_length, remembered_ms, most_names = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local newest = redis.call('XREVRANGE', bus, '+', '-', 'COUNT', 1)[1]
local newest_id = newest and newest[1] or '0-0'
local newest_ms, number = string.match(newest_id, '(%d+)-(%d+)')

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
-- The clock may have been set back, the ids may not.
local prefix = string.format('%.0f-', math.max(now_ms, tonumber(newest_ms)))
local now = string.format('%.0f', now_ms)

local has_names = false
local repeats = 0

local function append(messages)
  for _, raw in ipairs(messages) do
    local name = remembered_ms > 0 and name_of(raw)
    local since = name and redis.call('ZSCORE', names, name)
    if since and now_ms - since < remembered_ms then
      repeats = repeats + 1
    else
      number = number + 1
      newest_id = prefix .. string.format('%.0f', number)
      redis.call('XADD', bus, 'MAXLEN', '~', bus_length, newest_id, 'raw', raw)
      if name then
        redis.call('ZADD', names, now, name)
        has_names = true
      end
    end
  end
  return #messages
end

if remembered_ms > 0 then
  redis.call('ZCARD', names) -- of the wrong kind? Then before anything has been added.
end
local taken = append(redis.call('LRANGE', intake, 0, -1))
if taken > 0 then
  redis.call('DEL', intake)
end
local more = append(redis.call('LRANGE', list, 0, limit - 1))
if more > 0 then
  redis.call('LTRIM', list, more, -1)
end
if has_names then
  redis.call('ZREMRANGEBYSCORE', names, '-inf', string.format('%.0f', now_ms - remembered_ms))
  redis.call('ZREMRANGEBYRANK', names, 0, -most_names - 1)
  redis.call('PEXPIRE', names, remembered_ms)
end
return {taken + more - repeats, newest_id, repeats}

-- Subscribe a queue to a topic, or renew its subscription.
--
-- KEYS: the topic, the queue
-- ARGV: the milliseconds of the subscription

local topic, queue = KEYS[1], KEYS[2]
local kind = redis.call('TYPE', queue).ok
if kind ~= 'none' and kind ~= 'stream' then
  return redis.error_reply('WRONGTYPE ' .. queue .. ' is a ' .. kind .. ', not a stream')
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', topic, string.format('%d', now + ARGV[1]), queue)

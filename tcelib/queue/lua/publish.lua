-- Put messages on every queue that is subscribed to a topic.
--
-- KEYS: the topic
-- ARGV: for each message the number of words in its fields, and the fields
-- Returns the number of queues.

local topic = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local queues = redis.call('ZRANGEBYSCORE', topic, string.format('(%d', now), '+inf')

for _, queue in ipairs(queues) do -- before the first write, so that no queue gets what another one refuses
  local kind = redis.call('TYPE', queue).ok
  if kind ~= 'none' and kind ~= 'stream' then
    return redis.error_reply('WRONGTYPE ' .. queue .. ' is a ' .. kind .. ', not a stream')
  end
end
for _, queue in ipairs(queues) do
  local at = 1
  while at <= #ARGV do
    local words = tonumber(ARGV[at])
    redis.call('XADD', queue, '*', unpack(ARGV, at + 1, at + words))
    at = at + words + 1
  end
end
redis.call('ZREMRANGEBYSCORE', topic, '-inf', string.format('%d', now))
return #queues

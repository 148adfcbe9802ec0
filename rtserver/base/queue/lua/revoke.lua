-- Revoke credentials until they expire. If they are too many, or if their key has the wrong type, revoke all
-- credentials that were made until now instead: a full list must not let revoked ones back in.
--
-- KEYS: the revoked digests, sorted by when each is forgotten (ms), the time (s) until which all are revoked
-- ARGV: the number of digests that are kept at most; a digest and the milliseconds for which it is kept, and so on

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kind = redis.call('TYPE', KEYS[1]).ok
local is_lost = kind ~= 'zset' and kind ~= 'none'

if is_lost then
  redis.call('DEL', KEYS[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for i = 2, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', now + ARGV[i + 1]), ARGV[i])
end
if is_lost or redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[1]) then
  redis.call('SET', KEYS[2], time[1])
  redis.call('DEL', KEYS[1])
end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2]))
end

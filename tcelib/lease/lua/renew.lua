-- Renew a lease that has not ended.
--
-- ARGV from 4 on: the number, the milliseconds of the lease, and perhaps the holder's figures (JSON)
-- Returns -1 if the lease has ended, else 1 if leases wait to be buried, else 0; and how often items were told.

local number, ms, load = ARGV[4], ARGV[5], ARGV[6]
if not left(number) then
  return {-1, 0}
end
if load then
  redis.call('HSET', loads, number, load)
end
redis.call('ZADD', ends, now_ms + ms, number)
return {is_anything_over(), tonumber(redis.call('HGET', tellings, number)) or 0}

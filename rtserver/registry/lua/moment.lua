-- Tell the moment, and the epoch of the registry's history.
--
-- KEYS: the epoch
-- ARGV: a new epoch, and the one that is lost ("" for none)
-- Returns the milliseconds since 1970, and the epoch that counts.

local known = redis.call('GET', KEYS[1])
if not known or known == ARGV[2] then
  known = ARGV[1]
  redis.call('SET', KEYS[1], known)
end
local time = redis.call('TIME')
return {time[1] * 1000 + math.floor(time[2] / 1000), known}

-- Remove messages that are done.
--
-- KEYS: the stream
-- ARGV: the group, the ids of the messages
-- Returns how many of them somebody held.

local stream, group = KEYS[1], ARGV[1]
local removed = 0
for i = 2, #ARGV do
  if redis.call('XACK', stream, group, ARGV[i]) == 1 then
    redis.call('XDEL', stream, ARGV[i])
    removed = removed + 1
  end
end
return removed

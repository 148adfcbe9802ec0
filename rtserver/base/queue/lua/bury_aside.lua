-- Add the dead letter of a message that was set aside, and forget the message. Atomic.
--
-- KEYS: the names of the messages that were set aside, the message, the dead letters
-- ARGV: the message's name, the number of letters that are kept (roughly), the fields of the letter
-- Returns 1, or 0 if another worker has done it.

local aside, message, dead = KEYS[1], KEYS[2], KEYS[3]

if redis.call('SISMEMBER', aside, ARGV[1]) == 0 then
  return 0
end
redis.call('XADD', dead, 'MAXLEN', '~', ARGV[2], '*', unpack(ARGV, 3))
redis.call('SREM', aside, ARGV[1])
redis.call('UNLINK', message)
return 1

-- Remove a message that somebody holds, and add its dead letter.
--
-- KEYS: the stream, the dead letters
-- ARGV: the group, the message's id, the number of letters that are kept (roughly), the letter's fields
-- Returns 1, or 0 if nobody holds the message any more.

local stream, dead, group, id = KEYS[1], KEYS[2], ARGV[1], ARGV[2]

if #redis.call('XPENDING', stream, group, id, id, 1) == 0 then
  return 0
end
-- Redis refuses a write that may need memory only as the first write of a script. This one needs none.
redis.call('DEL', stream .. ':none')
-- The letter comes first: if it cannot be added, the message stays where it is.
redis.call('XADD', dead, 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
redis.call('XACK', stream, group, id)
redis.call('XDEL', stream, id)
return 1

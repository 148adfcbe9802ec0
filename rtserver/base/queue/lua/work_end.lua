-- Remove a piece of work, and add its dead letter if it has one.
--
-- KEYS: the stream of work, the dead letters
-- ARGV: the group, the piece's id, and for a dead letter the number of letters that are kept (roughly), and its fields
-- Returns 1, or 0 if another worker has removed it before.

local stream, dead, group, id = KEYS[1], KEYS[2], ARGV[1], ARGV[2]

if #redis.call('XPENDING', stream, group, id, id, 1) == 0 then
  return 0
end
if ARGV[3] then
  -- The letter comes first: if there is no room for it, the piece stays where it is.
  redis.call('XADD', dead, 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
end
redis.call('XACK', stream, group, id)
redis.call('XDEL', stream, id)
return 1

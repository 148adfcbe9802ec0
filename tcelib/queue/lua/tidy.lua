-- Forget readers that have long been silent and hold nothing. A reader that comes back is known with its next command.
--
-- KEYS: the stream
-- ARGV: the group, the milliseconds of silence

for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local told = {}
  for i = 1, #consumer, 2 do
    told[consumer[i]] = consumer[i + 1]
  end
  if told.pending == 0 and told.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], told.name)
  end
end

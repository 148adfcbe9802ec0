-- Push a dead letter's bytes to the end of the list and forget the letter.
--
-- KEYS: the list, the stream of dead letters, the names of messages that have come
-- ARGV: the letter's id
-- Returns 1, or 0 if there is no such letter.

local list, dead, names = KEYS[1], KEYS[2], KEYS[3]

local letter = redis.call('XRANGE', dead, ARGV[1], ARGV[1])[1]
if not letter then
  return 0
end
local fields = letter[2]
for i = 1, #fields, 2 do
  if fields[i] == 'raw' then
    local name = name_of(fields[i + 1])
    redis.call('RPUSH', list, fields[i + 1])
    if name then
      redis.call('ZREM', names, name) -- it comes again because it is wanted again
    end
  end
end
redis.call('XDEL', dead, ARGV[1])
return 1

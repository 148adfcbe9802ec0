-- Push a dead letter's bytes to the end of the list and forget the letter.
--
-- KEYS: the list, the stream of dead letters
-- ARGV: the letter's id
-- Returns 1, or 0 if there is no such letter.

local letter = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]
if not letter then
  return 0
end
local fields = letter[2]
for i = 1, #fields, 2 do
  if fields[i] == 'raw' then
    redis.call('RPUSH', KEYS[1], fields[i + 1])
  end
end
redis.call('XDEL', KEYS[2], ARGV[1])
return 1

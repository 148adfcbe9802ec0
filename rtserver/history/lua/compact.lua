-- Replace the blocks of a group by one, unless a block was added meanwhile.
--
-- KEYS: the blocks, the index
-- ARGV: the group, the bytes that the blocks had, the note for the index without its revision, the one block

if redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[2]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[4])
local time = redis.call('TIME')
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3] .. ' ' .. time[1] .. string.format('%06d', time[2]))
return 1

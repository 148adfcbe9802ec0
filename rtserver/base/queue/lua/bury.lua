-- Add dead letters. What is wrong with a message is found out by every worker, and told once.
--
-- KEYS: the dead letters, the names of those that have been added
-- ARGV: how many letters there may be (about); then for each letter the entry of the bus that it is about ('' for none),
--       its reason, how many arguments its fields are, and its fields
-- Returns 0 if the names are another kind than a sorted set. Then letters are added by each worker: twice is better than
-- not at all.

local dead, names, most = KEYS[1], KEYS[2], ARGV[1]
local kind = redis.call('TYPE', names).ok
local has_names = kind == 'zset' or kind == 'none'

local i = 2
while i <= #ARGV do
  local entry, reason, width = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local name = entry .. ' ' .. reason
  if entry == '' or not has_names or not redis.call('ZSCORE', names, name) then
    redis.call('XADD', dead, 'MAXLEN', '~', most, '*', unpack(ARGV, i + 3, i + 2 + width))
    if entry ~= '' and has_names then
      redis.call('ZADD', names, string.match(entry, '%d+'), name)
    end
  end
  i = i + 3 + width
end
-- As many names as letters; those of the oldest entries go first.
if has_names then
  redis.call('ZREMRANGEBYRANK', names, 0, -most - 1)
end
return has_names and 1 or 0

-- Add dead letters. Every worker finds the fault of a message; its letter is added once.
--
-- KEYS: the dead letters, the names of those that have been added
-- ARGV: the number of letters that are kept (roughly); then for each letter the entry of the bus that it is about (''
--       for none), its reason, the number of arguments that its fields take, and its fields
-- Returns 0 if the names are no sorted set. Then each worker adds the letter: twice is better than not at all.

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
-- As many names as letters stay; names of the oldest entries go first.
if has_names then
  redis.call('ZREMRANGEBYRANK', names, 0, -most - 1)
end
return has_names and 1 or 0

-- Add dead letters. What is wrong with a message is found out by every worker, and told once.
--
-- KEYS: the dead letters, the names of those that have been added
-- ARGV: how many letters there may be (about); then for each letter the entry of the bus that it is about ('' for none),
--       its reason, how many arguments its fields are, and its fields

local dead, names, most = KEYS[1], KEYS[2], ARGV[1]

local i = 2
while i <= #ARGV do
  local entry, reason, width = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local name = entry .. ' ' .. reason
  if entry == '' or not redis.call('ZSCORE', names, name) then
    redis.call('XADD', dead, 'MAXLEN', '~', most, '*', unpack(ARGV, i + 3, i + 2 + width))
    if entry ~= '' then
      redis.call('ZADD', names, string.match(entry, '%d+'), name)
    end
  end
  i = i + 3 + width
end
-- As many names as letters; those of the oldest entries go first.
redis.call('ZREMRANGEBYRANK', names, 0, -most - 1)

-- Add dead letters. What is wrong with a message is found out by every worker, and told once.
--
-- KEYS: the dead letters, the names of those that have been added
-- ARGV: how many letters there may be (about), how many arguments a letter's fields are; then for each letter the entry
--       of the bus that it is about ('' for none), its reason, and its fields

local dead, names, most, width = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])

for i = 3, #ARGV, 2 + width do
  local entry, reason = ARGV[i], ARGV[i + 1]
  local name = entry .. ' ' .. reason
  if entry == '' or not redis.call('ZSCORE', names, name) then
    redis.call('XADD', dead, 'MAXLEN', '~', most, '*', unpack(ARGV, i + 2, i + 1 + width))
    if entry ~= '' then
      redis.call('ZADD', names, string.match(entry, '%d+'), name)
    end
  end
end
-- As many names as letters; those of the oldest entries go first.
redis.call('ZREMRANGEBYRANK', names, 0, -most - 1)

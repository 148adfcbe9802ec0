-- Remove groups of a quote's bars, those whose last bar lies before a label.
--
-- KEYS: the index, the quotes, the notes of what was removed
-- ARGV: the prefix of all keys, the base period, the quote, the label, the groups
-- Returns the number of removed groups.

local prefix, base, quote, before = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local removed = 0
for i = 5, #ARGV do
  local last = string.match(redis.call('HGET', KEYS[1], ARGV[i]) or '', '^-?%d+ (-?%d+) ')
  if last and tonumber(last) < before then
    redis.call('DEL', prefix .. 'history:block:' .. base .. ':' .. ARGV[i] .. ':' .. quote)
    redis.call('HDEL', KEYS[1], ARGV[i])
    removed = removed + 1
  end
end
if removed > 0 then
  note_quote('SADD', KEYS[3], base .. ' ' .. quote)
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  note_quote('SREM', KEYS[2], base .. ' ' .. quote)
end
return removed

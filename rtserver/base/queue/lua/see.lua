-- Note up to which id users have seen what is theirs. No note goes backwards: another worker may know more.
--
-- KEYS: a note for each user
-- ARGV: the seconds for which a note is kept; the ids
--
-- A note that cannot be read counts as missing and is overwritten: a key of another type concerns one user only.

for i, key in ipairs(KEYS) do
  local id = ARGV[1 + i]
  local known = noted(key)
  if known and is_behind(known, id) then
    id = known
  end
  redis.call('SET', key, id, 'EX', ARGV[1])
end

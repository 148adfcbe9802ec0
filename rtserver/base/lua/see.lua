-- Note down up to which id users have seen what is theirs. No note goes backwards: another worker may know more.
--
-- KEYS: a note for each user
-- ARGV: for how many seconds a note is kept; the ids

local function parts_of(id)
  local ms, number = string.match(id, '(%d+)-(%d+)')
  return tonumber(ms), tonumber(number)
end

local function is_behind(id, other)
  local ms, number = parts_of(id)
  local other_ms, other_number = parts_of(other)
  return ms > other_ms or (ms == other_ms and number > other_number)
end

for i, key in ipairs(KEYS) do
  local id = ARGV[1 + i]
  local known = redis.call('GET', key)
  if known and is_behind(known, id) then
    id = known
  end
  redis.call('SET', key, id, 'EX', ARGV[1])
end

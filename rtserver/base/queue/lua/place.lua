-- Offsets on the bus. A part of the scripts that need them.
--
-- Return the two numbers of an id; nil for any other text. Milliseconds have at most 15 digits, numbers 64 bits.
local function parts_of(id)
  local ms, number = string.match(id or '', '^(%d+)-(%d+)$')
  if not ms or #ms > 15 or #number > 20 or (#number == 20 and number > '18446744073709551615') then
    return nil
  end
  return tonumber(ms), tonumber(number)
end

-- Return true if one id lies behind another. Compares texts: two neighbours beyond 2^53 are the same Lua number.
local function is_behind(id, other)
  local ms, number = string.match(id, '^0*(%d*)-0*(%d*)$')
  local other_ms, other_number = string.match(other, '^0*(%d*)-0*(%d*)$')
  if ms == other_ms then
    ms, other_ms = number, other_number
  end
  if #ms ~= #other_ms then
    return #ms > #other_ms
  end
  return ms > other_ms
end

-- Return the offset that a key notes, nil if it cannot be read; and true if the key holds something else.
local function noted(key)
  local text = redis.pcall('GET', key)
  if not text then
    return nil, false
  end
  if type(text) == 'table' or not parts_of(text) then
    return nil, true
  end
  return text, false
end


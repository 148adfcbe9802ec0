-- Places on the bus. Put in front of the scripts that need them.
--
-- The two numbers of an id; nil for everything that is none. Milliseconds have at most 15 digits, numbers 64 bits.
local function parts_of(id)
  local ms, number = string.match(id or '', '^(%d+)-(%d+)$')
  if not ms or #ms > 15 or #number > 20 or (#number == 20 and number > '18446744073709551615') then
    return nil
  end
  return tonumber(ms), tonumber(number)
end

-- Whether one id lies behind another; both are ids.
local function is_behind(id, other)
  local ms, number = parts_of(id)
  local other_ms, other_number = parts_of(other)
  return ms > other_ms or (ms == other_ms and number > other_number)
end

-- The place that a key notes down, nil if there is none that can be read; and whether the key has something else.
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


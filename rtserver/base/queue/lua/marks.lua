-- Marks of the bus: how many bytes had come to it when an entry came. A part of the scripts that need them.
--
-- A mark is a text, the entry's id and the bytes before it, in a list with one for each MARK_BYTES. So the bytes on the
-- bus are known without looking at it, to within one mark.
local MARK_BYTES = 65536

-- Return the bytes that an entry of so many takes, within 12 % as measured, and too many below 100 bytes. Several small entries
-- share a node of 4,096 bytes. A larger one has its own, of the next of the four sizes between two powers of two.
local function entry_bytes(length)
  if length < 4000 then
    return math.floor(length * 17 / 16) + 24
  end
  local size = length + 32
  local _, exponent = math.frexp(size)
  local step = 2 ^ (exponent - 3)
  return math.ceil(size / step) * step + 230
end

local function marked_bytes(mark)
  return mark and tonumber(string.match(mark, ' (%d+)$'))
end

local function marked_id(mark)
  return mark and string.match(mark, '^%S+')
end

-- Return the bytes that have come to the bus, as noted, and those before the last mark, if there is one. Nil if they
-- cannot be read.
local function noted_bytes(total, marks)
  local last = redis.pcall('LINDEX', marks, -1)
  if type(last) == 'table' or (total and not tonumber(total)) then
    return nil
  end
  local marked = last and tonumber(string.match(last, '^%d+-%d+ (%d+)$'))
  if last and not (total and marked) then
    return nil
  end
  return tonumber(total or 0), marked
end

-- Return the first mark behind which there are at most so many bytes; nil if that is the first of all, or none.
--
-- It is the second one as a rule. While a cursor holds the bus, thousands of marks lie before it.
local function mark_within(marks, total, most)
  local function is_before(i)
    local mark = redis.call('LINDEX', marks, i)
    return mark and total - marked_bytes(mark) > most
  end
  if not is_before(0) then
    return nil
  end
  local last, step = 0, 1 -- the last index that is known to lie before it
  while is_before(last + step) do
    last, step = last + step, 2 * step
  end
  while step > 1 do
    step = step / 2
    if is_before(last + step) then
      last = last + step
    end
  end
  return marked_id(redis.call('LINDEX', marks, last + 1) or redis.call('LINDEX', marks, -1))
end

-- Forget the marks before the one at or before the oldest entry. The entries up to the number trimmed are gone.
local function forget_marks(marks, trimmed)
  local second = redis.call('LINDEX', marks, 1)
  while second and tonumber(string.match(second, '-(%d+) ')) <= trimmed + 1 do
    redis.call('LPOP', marks)
    second = redis.call('LINDEX', marks, 1)
  end
end


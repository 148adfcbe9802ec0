-- Bind the names of messages to their entries on the bus, and return those entries that are repeats. Atomic.
--
-- KEYS: the names, the former names, the bus
-- ARGV: the milliseconds for which a name stands for one message; the number of names that are known (roughly); the
--       milliseconds of silence after which they are forgotten; then for each message the id of its entry and its name
-- Returns the number of repeats that nobody was told of before, and the ids of all repeats.
--
-- The notes about a name are words: the ids of the entries that it stands for, each more than that time away from the
-- others; "+" and an id for each permission that one more entry behind that id may have the name; "~" and the id of the
-- newest repeat. The answer follows from the ids alone, not from the clock: it is the same for every worker, whenever
-- it asks.
--
-- There are two tables. When the first entry of the present one has left the bus and its time is over, nobody asks for
-- the names in the former one any more, and the present one takes its place.

local names, before, bus = KEYS[1], KEYS[2], KEYS[3]
local span, most, silence = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local FIRST = '' -- field with the id of the first entry; no name is empty
local MOST_ENTRIES = 64 -- of one name; a bus hardly has time for more

local bus_length = redis.call('XLEN', bus)
local has_written = false
local untold, repeats = 0, {}

-- Ids of one bus grow in both parts. Any other id is of a bus that Redis has lost: nobody knows who had the name there.
local function is_of_same_bus(id, other)
  local ms, number = parts_of(id)
  local other_ms, other_number = parts_of(other)
  return ms == other_ms or (ms - other_ms) * (number - other_number) > 0
end

local function is_near(id, other)
  return math.abs(parts_of(id) - parts_of(other)) < span
end

-- Return true if an entry need not be known any more, as seen from another one.
local function is_past(id, from)
  local _, number = parts_of(id)
  local _, newest = parts_of(from)
  return number <= newest - bus_length and not is_near(id, from)
end

local function read(text)
  local known = {entries = {}, permissions = {}}
  for word in string.gmatch(text or '', '%S+') do
    local mark, id = string.match(word, '^([+~]?)(.*)$')
    if mark == '+' then
      table.insert(known.permissions, id)
    elseif mark == '~' then
      known.told = id
    else
      table.insert(known.entries, id)
    end
  end
  return known
end

local function write(name, known)
  local words = {}
  for i = math.max(1, #known.entries - MOST_ENTRIES + 1), #known.entries do
    words[#words + 1] = known.entries[i]
  end
  for _, id in ipairs(known.permissions) do
    words[#words + 1] = '+' .. id
  end
  if known.told then
    words[#words + 1] = '~' .. known.told
  end
  redis.call('HSET', names, name, table.concat(words, ' '))
  has_written = true
end

local function add(known, id)
  local entries, is_added = {}, false
  for _, other in ipairs(known.entries) do
    if is_of_same_bus(other, id) and not is_past(other, id) then
      if not is_added and is_behind(other, id) then
        table.insert(entries, id)
        is_added = true
      end
      table.insert(entries, other)
    end
  end
  if not is_added then
    table.insert(entries, id)
  end
  known.entries = entries
end

-- Use up one permission for this entry, if there is one.
local function is_permitted(known, id)
  for i, permission in ipairs(known.permissions) do
    if is_behind(id, permission) or not is_of_same_bus(id, permission) then
      table.remove(known.permissions, i)
      return true
    end
  end
  return false
end

local function judge(id, name)
  local known = read(redis.call('HGET', names, name) or redis.call('HGET', before, name))
  local is_repeat = false
  for _, other in ipairs(known.entries) do
    if other == id then
      return
    end
    is_repeat = is_repeat or (is_of_same_bus(id, other) and is_near(id, other))
  end
  local may_come = is_permitted(known, id)
  if may_come or not is_repeat then
    add(known, id)
    write(name, known)
    return
  end
  repeats[#repeats + 1] = id
  if not known.told or is_behind(id, known.told) or not is_of_same_bus(id, known.told) then
    known.told = id
    untold = untold + 1
    write(name, known)
  end
end

for i = 4, #ARGV, 2 do
  judge(ARGV[i], ARGV[i + 1])
end
if has_written then
  local newest = ARGV[#ARGV - 1]
  redis.call('HSETNX', names, FIRST, newest)
  local first = redis.call('HGET', names, FIRST)
  local is_over = not is_of_same_bus(first, newest) or (first ~= newest and is_past(first, newest))
  if is_over or redis.call('HLEN', names) > most / 2 then
    redis.call('UNLINK', before)
    redis.call('RENAME', names, before)
  end
  redis.call('PEXPIRE', names, silence)
  redis.call('PEXPIRE', before, silence)
end
return {untold, unpack(repeats)}

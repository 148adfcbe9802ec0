-- Move the messages of the intake list, then some of the queue's list, to the bus. Atomic like every script.
--
-- KEYS: the intake list, the list, the bus, the names of the messages that were set aside, where the bus ends, up to
--       where it has lost entries, its bytes, its marks, the moments at which places were noted down; for each cursor
--       of a derived stream that must miss nothing the cursor and the stream of the same name
-- ARGV: how many messages and about how many bytes are moved at most, how long the bus may get (about), how many bytes
--       a message may have (0: any number), the newest id that the caller knows of, how many bytes the bus may have
--       (about; 0: any number), what all keys begin with, for how many milliseconds a place counts
-- Returns how many were moved, the id of the bus' newest entry, how many are set aside; where the bus ended, if that was
-- before what the caller knew: then it goes on behind that, and its numbers, too; how many bytes have come to it; and 1
-- if any more messages would have trimmed what a cursor has not passed.
--
-- Looks at no message but for its length, and at that before it asks for the message: to hand 60 MB to a script takes
-- Redis longer than all other steps together. A message that is too large is set aside in a key of its own, for a
-- worker to bury.
--
-- Adds before it removes: if the first XADD is refused (no memory, a key of the wrong kind), nothing has happened.

local intake, list, bus, aside, end_key, lost_key, bytes_key, marks, moments = unpack(KEYS)
local limit, batch_bytes, bus_length, most_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local known, bus_bytes, key_prefix, counted_ms = ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local SMALL = 16384 -- bytes; a few of them more or less are no matter
local FIRST_CURSOR = 10
local OVERHEAD = 65536 -- more than what a list takes beside its messages
local MARGIN_MS = 10000 -- what other workers may know beyond what the caller does
local LAST_EXACT = 2 ^ 53 - 2 * limit -- from here on numbers could not be counted up

local newest_id = end_of(bus, end_key)
local ended = false
local known_ms, known_number = parts_of(known)
local _, newest_number = parts_of(newest_id)
if is_behind(known, newest_id) then
  ended = newest_id
  newest_id = string.format('%.0f-%.0f', known_ms + MARGIN_MS, math.max(known_number, newest_number))
  redis.call('SET', end_key, newest_id)
end
if known_number > newest_number then
  local lost_id = noted(lost_key)
  if not lost_id or is_behind(known, lost_id) then
    redis.call('SET', lost_key, known)
  end
end
local newest_ms, number = string.match(newest_id, '(%d+)-(%d+)')
if tonumber(number) >= LAST_EXACT then
  -- Somebody else has added an entry by hand. Numbers begin anew, as on a bus that has lost its entries.
  newest_ms, number = string.format('%.0f', newest_ms + 1), 0
end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
-- The clock may have been set back, the ids may not.
local prefix = string.format('%.0f-', math.max(now_ms, tonumber(newest_ms)))

-- Of the wrong kind? Then before anything has been added.
redis.call('SCARD', aside)
-- Bookkeeping that cannot be read begins anew: it costs nobody a message.
local total, marked
if redis.call('XLEN', bus) > 0 then
  total, marked = noted_bytes(bytes_key, marks)
end
if not total then
  redis.call('DEL', bytes_key, marks)
  total = 0
end
if type(redis.pcall('ZCARD', moments)) == 'table' then
  redis.call('DEL', moments)
end
local moved, moved_bytes = 0, 0

local most_entries = tonumber(bus_length)

-- How many entries may come before the bus is so long that one behind a cursor could be trimmed.
local function room_for(cursor, stream)
  local kind = redis.call('TYPE', stream).ok
  if kind ~= 'none' and kind ~= 'stream' then
    return most_entries -- nothing can be derived: that costs whom the stream is for, and nobody else
  end
  local id = noted(cursor) or '0-0'
  local _, passed = parts_of(id)
  if number - passed + 2 * limit <= most_entries then
    return math.huge -- more than the two lists can give
  end
  -- Numbers may be missing from a bus that has lost its end, so they count from the next entry that is there.
  local next_entry = redis.call('XRANGE', bus, '(' .. id, '+', 'COUNT', 1)[1]
  if not next_entry then
    return most_entries
  end
  local _, next_number = parts_of(next_entry[1])
  return most_entries - (number - next_number + 1)
end

local room = math.huge
for i = FIRST_CURSOR, #KEYS, 2 do
  room = math.min(room, room_for(KEYS[i], KEYS[i + 1]))
end

local function new_aside()
  local name = string.format('%s.%06d.%d', time[1], time[2], redis.call('SCARD', aside))
  redis.call('SADD', aside, name)
  return aside .. ':' .. name
end

local function append(raw)
  moved_bytes = moved_bytes + #raw
  if most_bytes > 0 and #raw > most_bytes then
    redis.call('RPUSH', new_aside(), raw)
    return
  end
  number = number + 1
  newest_id = prefix .. string.format('%.0f', number)
  redis.call('XADD', bus, 'MAXLEN', '~', bus_length, newest_id, 'raw', raw)
  if not marked or total - marked >= MARK_BYTES then
    redis.call('RPUSH', marks, newest_id .. ' ' .. string.format('%.0f', total))
    marked = total
  end
  total = total + entry_bytes(raw)
  moved = moved + 1
end

-- About how many bytes a list takes; of a long one the beginning is looked at.
local function bytes_of(key)
  return redis.call('MEMORY', 'USAGE', key, 'SAMPLES', limit) or 0
end

local function move(key)
  local taken, most = 0, math.min(limit, room - moved)
  if most <= 0 then
    return
  end
  if bytes_of(key) <= batch_bytes - moved_bytes then
    local messages = redis.call('LRANGE', key, 0, most - 1)
    for _, raw in ipairs(messages) do
      append(raw)
    end
    taken = #messages
  else
    while taken < most and moved_bytes < batch_bytes do
      local raw = redis.call('LINDEX', key, taken)
      if not raw then
        break
      end
      append(raw)
      taken = taken + 1
    end
  end
  if taken > 0 then
    redis.call('LTRIM', key, taken, -1)
  end
end

local waiting = redis.call('LLEN', intake)
if waiting == 1 and most_bytes > 0 and bytes_of(intake) > 2 * most_bytes + OVERHEAD then
  redis.call('RENAME', intake, new_aside())
elseif waiting > 0 then
  move(intake)
end

local behind = redis.call('LLEN', list)
if behind > 0 and redis.call('LLEN', intake) == 0 then
  -- Where much waits and the messages are large they come one by one, each popped by a worker that asks.
  local bytes = bytes_of(list)
  if bytes <= batch_bytes or bytes / behind <= SMALL then
    move(list)
  end
end
if moved > 0 then
  redis.call('SET', bytes_key, string.format('%.0f', total))
  if bus_bytes > 0 then
    local first_kept = mark_within(marks, total, bus_bytes)
    if first_kept then
      -- What is not derived yet stays; whoever reads too late is told by the gap in the numbers.
      local derived = passed_by('cursor', moments, nil, key_prefix, now_ms - counted_ms)
      local limit = derived and next_of(derived) or first_kept
      redis.call('XTRIM', bus, 'MINID', is_behind(first_kept, limit) and limit or first_kept)
    end
  end
  forget_marks(marks, number - redis.call('XLEN', bus))
end
local is_held = moved >= room and redis.call('LLEN', intake) + redis.call('LLEN', list) > 0
return {moved, newest_id, redis.call('SCARD', aside), ended, total, is_held and 1 or 0}

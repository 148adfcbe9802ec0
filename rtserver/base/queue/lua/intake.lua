-- Move the messages of the intake list, then some of the queue's list, to the bus. Atomic, as every script.
--
-- KEYS: the intake list, the list, the bus, the names of the messages that were set aside, the end of the bus, the last
--       entry that it has lost, its bytes, its marks, the times of offsets, the worker that is alone; then, for each
--       cursor of a derived stream that must miss nothing, the cursor and the stream of the same name
-- ARGV: the largest number of messages and of bytes (roughly) to move, the length of the bus (roughly), the bytes that
--       a message may have (0: any number), the newest id that the caller knows of, the bytes that the bus may have
--       (roughly; 0: any number), the prefix of all keys, the milliseconds for which an offset counts, the worker if
--       it asks to be alone (else empty)
-- Returns the number of moved messages, the id of the newest entry, the number of messages set aside; the former end of
-- the bus if it lay before what the caller knew, in which case ids and numbers continue behind that; the bytes that
-- have come to the bus; 1 if more messages would have trimmed entries that a cursor has not passed; and the cursor
-- for which the bus holds more bytes than it may have, or ''.
--
-- It looks at nothing of a message but its first bytes (route.lua) and its length, and at that before it fetches the
-- message: to hand 60 MB to a script takes Redis longer than all other steps together. A message that is too large is set aside in a key of its own, for a
-- worker to bury.
--
-- It adds before it removes: if the first XADD is refused (no memory, a key of the wrong type), nothing has happened.

local intake, list, bus, aside, end_key, lost_key, bytes_key, marks, moments, alone_key = unpack(KEYS)
local limit, batch_bytes, bus_length, most_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local known, bus_bytes, key_prefix, counted_ms = ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local SMALL = 16384 -- bytes; an average, so it need not be exact
local FIRST_CURSOR = 11
local TRIMMED_EACH = 16 -- entries
local OVERHEAD = 65536 -- more bytes than a list takes besides its messages
local MARGIN_MS = 10000 -- other workers may know of entries beyond the caller's
local LAST_EXACT = 2 ^ 53 - 2 * limit -- larger numbers cannot be counted up

-- One command for all notes. A key of another kind counts as none.
local noted_keys = {end_key, alone_key, bytes_key}
for i = FIRST_CURSOR, #KEYS, 2 do
  noted_keys[#noted_keys + 1] = KEYS[i]
end
local notes = redis.call('MGET', unpack(noted_keys))
local end_id, alone, noted_total = unpack(notes)

local last_id = newest_of(bus)
local newest_id = later_of(last_id or '0-0', end_id)
local ended = false
if known ~= newest_id then
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
end
local newest_ms, number = string.match(newest_id, '(%d+)-(%d+)')
if tonumber(number) >= LAST_EXACT then
  -- An entry was added by hand. Numbers begin anew, as on a bus that has lost its entries.
  newest_ms, number = string.format('%.0f', newest_ms + 1), 0
end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
-- Ids must grow even if the clock was set back.
local form = string.format('%.0f-%%d', math.max(now_ms, tonumber(newest_ms))) -- of a number below 2^53

-- Raises an error for a key of the wrong type, before anything is added.
local asides = redis.call('SCARD', aside)
-- Notes that cannot be read begin anew: no message depends on them.
local total, marked
if last_id then
  total, marked = noted_bytes(noted_total, marks)
end
if not total then
  redis.call('DEL', bytes_key, marks)
  total = 0
end
if type(redis.pcall('ZCARD', moments)) == 'table' then
  redis.call('DEL', moments)
end
local moved, moved_bytes = 0, 0
local has_new_mark = false

local most_entries = tonumber(bus_length)

-- Return false if nothing can be derived: only this stream's readers lose by it.
local function is_derivable(stream)
  local kind = redis.call('TYPE', stream).ok
  return kind == 'none' or kind == 'stream'
end

-- Return how many entries may come before one behind a cursor could be trimmed. Its id may be none.
local function room_for(id, stream)
  local _, passed = parts_of(id)
  id, passed = passed and id or '0-0', passed or 0
  if number - passed + 2 * limit <= most_entries then
    return math.huge -- more than the two lists hold
  end
  if not is_derivable(stream) then
    return most_entries
  end
  -- Numbers may be missing from a bus that has lost its end, so count from the next entry that exists.
  local next_entry = redis.call('XRANGE', bus, '(' .. id, '+', 'COUNT', 1)[1]
  if not next_entry then
    return most_entries
  end
  local _, next_number = parts_of(next_entry[1])
  return most_entries - (number - next_number + 1)
end

local room = math.huge
for i = FIRST_CURSOR, #KEYS, 2 do
  local cursor = notes[4 + (i - FIRST_CURSOR) / 2]
  room = math.min(room, room_for(cursor, KEYS[i + 1]))
end

-- Return the offset up to which all is derived, and the key of the cursor that stands there. A cursor of the caller's
-- counts for as long as it stands still, one of another worker for a while.
local function derived_by_all()
  local place, holder = passed_by('cursor', moments, nil, key_prefix, now_ms - counted_ms)
  for i = FIRST_CURSOR, #KEYS, 2 do
    local its_place = noted(KEYS[i]) or '0-0'
    if (not place or is_behind(place, its_place)) and is_derivable(KEYS[i + 1]) then
      place, holder = its_place, KEYS[i]
    end
  end
  return place, holder
end

local function new_aside()
  local name = string.format('%s.%06d.%d', time[1], time[2], asides)
  redis.call('SADD', aside, name)
  asides = asides + 1
  return aside .. ':' .. name
end

local command, format = redis.call, string.format -- looked up once, not for each message

local function append(raw)
  moved_bytes = moved_bytes + #raw
  if most_bytes > 0 and #raw > most_bytes then
    redis.call('RPUSH', new_aside(), raw)
    return
  end
  number = number + 1
  newest_id = format(form, number)
  -- The message is the first field: older workers look at no other.
  local kind, to = route_of(raw)
  if kind then
    command('XADD', bus, newest_id, 'raw', raw, kind, to)
  else
    command('XADD', bus, newest_id, 'raw', raw)
  end
  if not marked or total - marked >= MARK_BYTES then
    redis.call('RPUSH', marks, newest_id .. ' ' .. string.format('%.0f', total))
    marked, has_new_mark = total, true
  end
  total = total + entry_bytes(#raw + (kind and #kind + #to or 0))
  moved = moved + 1
end

-- Return the bytes that a list takes, roughly: of a long list, its beginning counts.
local function bytes_of(key)
  return redis.call('MEMORY', 'USAGE', key, 'SAMPLES', limit) or 0
end

local function move(key, bytes)
  local taken, most = 0, math.min(limit, room - moved)
  if most <= 0 then
    return
  end
  if bytes <= batch_bytes - moved_bytes then
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

local bytes = bytes_of(intake)
if most_bytes > 0 and bytes > 2 * most_bytes + OVERHEAD and redis.call('LLEN', intake) == 1 then
  redis.call('RENAME', intake, new_aside())
elseif bytes > 0 then
  move(intake, bytes)
end

local behind = redis.call('LLEN', list)
if behind > 0 and redis.call('LLEN', intake) == 0 then
  -- If much waits and the messages are large, they come one by one, each popped by a worker.
  bytes = bytes_of(list)
  if bytes <= batch_bytes or bytes / behind <= SMALL then
    move(list, bytes)
  end
end
local holder = ''
if moved > 0 then
  if number % TRIMMED_EACH < moved then
    redis.call('XTRIM', bus, 'MAXLEN', '~', bus_length) -- with each XADD it would be a third of its time
  end
  redis.call('SET', bytes_key, string.format('%.0f', total))
  local is_trimmed = false
  if bus_bytes > 0 then
    local first_kept = mark_within(marks, total, bus_bytes)
    if first_kept then
      -- Entries that are not derived yet stay. A reader that comes too late sees the gap in the numbers.
      local derived, its_key = derived_by_all()
      if derived and is_behind(first_kept, next_of(derived)) then
        first_kept, holder = next_of(derived), string.sub(its_key, #key_prefix + 6) -- behind "kept:"
      end
      redis.call('XTRIM', bus, 'MINID', first_kept)
      is_trimmed = true
    end
  end
  if has_new_mark or is_trimmed then
    -- Not for each message: XADD trims slowly, and a mark too many does no harm.
    forget_marks(marks, number - redis.call('XLEN', bus))
  end
end
settle_who_is_alone(alone_key, alone or '', ARGV[9], moved)
local is_held = moved >= room and redis.call('LLEN', intake) + redis.call('LLEN', list) > 0
return {moved, newest_id, asides, ended, total, is_held and 1 or 0, holder}

-- Append entries of the bus to streams of their own, and move the cursor behind the last of them. Atomic.
--
-- KEYS: the cursor, where it began
-- ARGV: the new offset of the cursor, the first id of all that is being kept, the streams' length and age in seconds
--       (0: no bounds), the prefix of all keys, a msgpack array of three or five, the messages. The array has the names of the
--       streams; for each entry the number of its stream, its id, and the number of its message, negative if the
--       message is stored once for all its streams; and the last entry that the caller has kept before. Two more are there
--       if workers are to be told: their leases, and for each entry what came before it, or an empty text (direct.lua).
--       The keys follow from the names: to pass each key as an argument would be half of the whole cost.
-- Returns the number of appended entries, and the names of bounded streams whose keys have another type. Their entries
-- are lost to them, and noted as trimmed. A stream without bounds refuses instead. And the number of streams that took
-- more than an entry and its note.
--
-- Each worker may call this with the same entries, and again after it was killed: entries at or before the cursor are
-- skipped, and so are those that a stream has already, as each worker appends in the order of the bus.

local SET_ASIDE = 3000 -- bytes of messages below which a stream is worth compacting
local REMEMBERED = 30 -- notes about a stream outlive its entries by this factor
local SLACK = 16 -- a full stream grows by this part of its length before it is cut back: to cut for each entry is dear

local until_id, first_id, length, seconds, prefix = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local most = length + math.floor(length / SLACK)
local streams, entries, kept, leases, befores = unpack(cmsgpack.unpack(ARGV[6]))
-- Notes of another type count as missing, and so do notes that are no offsets.
local notes = redis.call('MGET', KEYS[1], KEYS[2], prefix .. 'end')
local cursor = parts_of(notes[1]) and notes[1] or '0-0'

-- Some copies are missing: Redis failed over to a replica that had the entries and not the copies. They are not made
-- again, but clients that resume from before them are told. Of a gap whose last number is noted, the note knows the id
-- better than a caller who has only seen where the gap ends.
if cursor ~= '0-0' and is_behind(kept, cursor) then
  local lost_id = noted(prefix .. 'lost')
  local _, kept_number = parts_of(kept)
  local _, lost_number = parts_of(lost_id or '')
  if not lost_id or (is_behind(kept, lost_id) and kept_number ~= lost_number) then
    redis.call('SET', prefix .. 'lost', kept)
  end
end

-- By the number of a stream: its key, the key of the note of its newest id, what was added, and its last entry here.
local keys, note_keys, added, added_bytes, touched = {}, {}, {}, {}, {}
local broken, references = {}, {}
local appended, due = 0, 0

for stream, name in ipairs(streams) do
  keys[stream], note_keys[stream] = prefix .. name, prefix .. 'newest:' .. name
  added[stream], added_bytes[stream] = 0, 0
end

local function append(stream, id, message)
  local is_shared = message < 0
  local field, value = 'raw', ARGV[6 + math.abs(message)]
  if is_shared then
    field, value = REF, ''
  end
  local reply = redis.pcall('XADD', keys[stream], id, field, value)
  if type(reply) == 'string' then
    appended = appended + 1
    added[stream] = added[stream] + 1
    added_bytes[stream] = added_bytes[stream] + #value
    if is_shared then
      local held = references[id]
      references[id] = {message, held and held[2] + 1 or 1}
    end
  elseif length > 0 and string.find(reply.err, 'WRONGTYPE', 1, true) then
    broken[stream] = id
    return
  elseif not string.find(reply.err, 'equal or smaller', 1, true) then
    return reply
  end
  touched[stream] = id
end

local first_new_id, first_new
for i = 1, #entries, 3 do
  local id = entries[i + 1]
  -- Entries are in order, so all that follow a new one are new as well.
  if not first_new_id and is_behind(id, cursor) then
    first_new_id, first_new = id, i
  end
  if first_new_id then
    local refusal = append(entries[i], id, entries[i + 2])
    if refusal then
      return refusal
    end
  end
end

if leases and first_new then
  tell_directly(prefix, leases, streams, entries, befores, first_new, function(message)
    return ARGV[6 + math.abs(message)]
  end)
end

-- Age is checked when a stream is first appended to in a slot of time: the check is the costliest part.
local slot_ms = math.ceil(seconds / 24) * 1000
local now_ms = redis.call('TIME')[1] * 1000

-- A body outlives the streams: a stream may hold an entry for a slot longer than its age, and an id may be ahead of the
-- clock if that was set back.
for id, held in pairs(references) do
  local ahead = math.ceil(math.max(0, parts_of(id) - now_ms) / 1000)
  hold_body(prefix, id, ARGV[6 - held[1]], held[2], seconds + 2 * slot_ms / 1000 + math.min(ahead, seconds))
end

local function slot_of(id)
  return math.floor(parts_of(id) / slot_ms)
end

-- Bodies of old entries expire by themselves.
local function trim_aged(key)
  local oldest_ms = now_ms - seconds * 1000
  local before_oldest = string.format('%.0f-18446744073709551615', oldest_ms - 1)
  local aged = redis.call('XREVRANGE', key, before_oldest, '-', 'COUNT', 1)[1]
  if aged then
    redis.call('XTRIM', key, 'MINID', string.format('%.0f-0', oldest_ms))
  end
  redis.call('EXPIRE', key, seconds + slot_ms / 1000)
  return aged and aged[1]
end

local function trim_excess(key, excess)
  local removed = redis.call('XRANGE', key, '-', '+', 'COUNT', excess)
  redis.call('XTRIM', key, 'MAXLEN', length)
  for _, entry in ipairs(removed) do
    release_body(prefix, entry)
  end
  return removed[excess][1]
end

-- A key of another type in a note's place is overwritten.
local function note(key, id)
  redis.call('SET', key, id, 'EX', seconds * REMEMBERED)
end

-- Redis reserves 4 KB for the first entries of a stream, and most users never fill them. A restored stream takes what
-- it needs. Without the right to restore keys it keeps the 4 KB.
local function compact(key)
  local dump = redis.pcall('DUMP', key)
  if type(dump) == 'string' then
    redis.pcall('RESTORE', key, 0, dump, 'REPLACE')
  end
end

local function bound(stream, id, former_id)
  local key, name = keys[stream], streams[stream]
  local is_late = added[stream] == 0 -- another worker appended first, and perhaps more
  local newest_id = is_late and newest_of(key) or id
  former_id = former_id and parts_of(former_id) and former_id
  note(note_keys[stream], newest_id)
  local size = redis.call('XLEN', key)
  local is_fresh = size == added[stream]
  if is_fresh and added_bytes[stream] < SET_ASIDE then
    compact(key)
  end
  local has_expired = former_id and is_fresh
  local trimmed_id = has_expired and former_id
  if is_late or not former_id or has_expired or slot_of(newest_id) ~= slot_of(former_id) then
    trimmed_id = trim_aged(key) or trimmed_id
    size = redis.call('XLEN', key)
  end
  if size > most then
    trimmed_id = trim_excess(key, size - length)
  end
  if trimmed_id then
    note(prefix .. 'trimmed:' .. name, trimmed_id)
  end
end

-- Bound all streams that have been touched. For nearly all of them nothing is due but the note of the newest id: it
-- was made in the same slot of time, so it lives long enough, and the new id overwrites all of it.
local function bound_all()
  local slot = slot_of(first_new_id)
  local from, to = string.format('%.0f', slot * slot_ms), string.format('%.0f', (slot + 1) * slot_ms)
  -- Compares texts of as many digits: to take ids apart costs more than all other steps.
  local function is_in_slot(id)
    return string.byte(id, #from + 1) == 45 and #from == #to and id >= from and id < to -- 45 is "-"
  end

  local notes = redis.call('MGET', unpack(note_keys))
  for stream, former_id in ipairs(notes) do
    local id = touched[stream]
    local is_due = id
    if id and former_id and added[stream] > 0 and #id >= #former_id and is_in_slot(id) and is_in_slot(former_id) then
      redis.call('SETRANGE', note_keys[stream], 0, id)
      local size = redis.call('XLEN', keys[stream])
      is_due = size > most or size == added[stream]
    end
    if is_due then
      due = due + 1
      bound(stream, id, former_id)
    end
  end
end

if length > 0 and first_new_id then
  bound_all()
end

local names = {}
for stream, id in pairs(broken) do
  names[#names + 1] = streams[stream]
  note(note_keys[stream], id)
  note(prefix .. 'trimmed:' .. streams[stream], id)
end

-- Nothing behind the end of the bus can have been kept: if Redis has lost that part, other entries will take its place.
local bus_end = later_of(newest_of(prefix .. 'bus') or '0-0', notes[3])
if bus_end ~= '0-0' and is_behind(until_id, bus_end) then
  until_id = bus_end
end

if is_behind(until_id, cursor) then
  redis.call('SET', KEYS[1], until_id)
  if not parts_of(notes[2]) then
    redis.call('SET', KEYS[2], first_id)
  end
end
redis.call('ZADD', prefix .. 'moments', now_ms, 'cursor ' .. string.sub(KEYS[1], #prefix + 6)) -- behind "kept:"
return {appended, names, due}

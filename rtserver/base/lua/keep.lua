-- Append entries of the bus to streams of their own, and move the cursor behind the last of them. Atomic.
--
-- KEYS: the cursor, where it began
-- ARGV: what the cursor moves on to, the first id of all that is being kept, the streams' length and age in seconds
--       (0: no bounds), what all keys begin with, a msgpack array of two, the messages; in the array are the names of
--       the streams, and for each entry the number of its stream, its id, the number of its message. The keys follow
--       from the names: to give each of them as an argument of its own would be half of the whole cost.
-- Returns how many entries were appended.
--
-- Each worker may do this with the same entries, and again after it was killed: what is at or before the cursor is
-- passed over, and so is what its stream has already, as each worker appends in the order of the bus.

local REMEMBERED = 30 -- times as long as a stream's entries it is known that there were some

local until_id, first_id, length, seconds, prefix = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local streams, entries = unpack(cmsgpack.unpack(ARGV[6]))

local function parts_of(id)
  local ms, number = string.match(id, '(%d+)-(%d+)')
  return tonumber(ms), tonumber(number)
end

local cursor_ms, cursor_number = parts_of(redis.call('GET', KEYS[1]) or '0-0')

local function is_behind_cursor(id)
  local ms, number = parts_of(id)
  return ms > cursor_ms or (ms == cursor_ms and number > cursor_number)
end

local touched, added = {}, {}
local appended = 0
local is_new = false
for i = 1, #entries, 3 do
  local stream, id = streams[entries[i]], entries[i + 1]
  is_new = is_new or is_behind_cursor(id) -- entries are in order: so are all that follow
  if is_new then
    local reply = redis.pcall('XADD', prefix .. stream, id, 'raw', ARGV[6 + entries[i + 2]])
    if type(reply) == 'string' then
      appended = appended + 1
      added[stream] = (added[stream] or 0) + 1
    elseif not string.find(reply.err, 'equal or smaller', 1, true) then
      return reply
    end
    touched[stream] = id
  end
end

-- Age is looked at when a stream is first appended to in a slot of time: it is the costliest part.
local slot_ms = math.ceil(seconds / 24) * 1000
local now_ms = redis.call('TIME')[1] * 1000

local function is_first_in_slot(id, former_id)
  return math.floor(parts_of(id) / slot_ms) ~= math.floor(parts_of(former_id) / slot_ms)
end

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
  local last = redis.call('XRANGE', key, '-', '+', 'COUNT', excess)[excess]
  redis.call('XTRIM', key, 'MAXLEN', length)
  return last[1]
end

local function newest_of(key)
  local newest = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  return newest and newest[1]
end

local function bound(stream, id)
  local key, newest_key, trimmed_key = prefix .. stream, prefix .. 'newest:' .. stream, prefix .. 'trimmed:' .. stream
  local is_late = not added[stream] -- another worker was here first, and perhaps further
  local newest_id = is_late and newest_of(key) or id
  local former_id = redis.call('SET', newest_key, newest_id, 'EX', seconds * REMEMBERED, 'GET')
  local size = redis.call('XLEN', key)
  local has_expired = former_id and size == added[stream]
  local trimmed_id = has_expired and former_id
  if is_late or not former_id or has_expired or is_first_in_slot(newest_id, former_id) then
    trimmed_id = trim_aged(key) or trimmed_id
    size = redis.call('XLEN', key)
  end
  if size > length then
    trimmed_id = trim_excess(key, size - length)
  end
  if trimmed_id then
    redis.call('SET', trimmed_key, trimmed_id, 'EX', seconds * REMEMBERED)
  end
end

if length > 0 then
  for stream, id in pairs(touched) do
    bound(stream, id)
  end
end

if is_behind_cursor(until_id) then
  redis.call('SET', KEYS[1], until_id)
  redis.call('SET', KEYS[2], first_id, 'NX')
end
return appended

-- Read a part of several derived streams, and the notes about their missing entries. All at one moment.
--
-- KEYS: the cursor, where it began, the bus, its end, the last entry that it has lost; the n streams; for each of them
--       the note of its newest id; for each of them the note of its newest trimmed id
-- ARGV: the id behind which to read, the last id, the number of entries of each stream, their bytes (the last entry may
--       exceed them), the prefix of all keys
-- Returns the first two keys, the end of the bus, the last entry that it has lost, its oldest id, the next id behind
-- the first of the ARGV; for each stream its entries; whether it exists; the newest id; the newest trimmed id; the
-- number of its key among the three that has another type or is no offset (0: none). Then nobody can tell what was
-- there.

local after, until_id, count, most_bytes, prefix = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local FIRST = 5 -- number of keys before the streams
local STEP = 16 -- entries; so many may be read beyond what was asked for
local streams = (#KEYS - FIRST) / 3
local found, exists, newest, trimmed, broken = {}, {}, {}, {}, {}

-- Return at most count entries with their messages, up to the one that reaches most_bytes, and the newest one whose
-- body is gone. Reads few entries at first: each may have megabytes, and there may be a thousand.
local function read(key)
  local entries, gone, behind = {}, nil, after
  local bytes, step = 0, 1
  local part, wanted
  repeat
    wanted = math.min(count - #entries, step)
    step = math.min(2 * step, STEP)
    part = redis.call('XRANGE', key, '(' .. behind, until_id, 'COUNT', wanted)
    for _, entry in ipairs(part) do
      if bytes >= most_bytes then
        break
      end
      local field = entry[2]
      if field[1] == REF then
        field[1], field[2] = 'raw', body_of(prefix, entry[1])
      end
      if field[2] then
        entries[#entries + 1] = entry
        bytes = bytes + #field[2]
      else
        gone = entry[1]
      end
    end
    behind = #part > 0 and part[#part][1]
  until #part < wanted or #entries == count or bytes >= most_bytes
  return entries, gone
end

for stream = 1, streams do
  local key = KEYS[FIRST + stream]
  local kind = redis.call('TYPE', key).ok
  local is_right = kind == 'none' or kind == 'stream'
  local entries, gone = {}, nil
  if is_right then
    entries, gone = read(key)
  end
  local newest_id, is_newest_odd = noted(KEYS[FIRST + streams + stream])
  local trimmed_id, is_trimmed_odd = noted(KEYS[FIRST + 2 * streams + stream])
  if gone and not (trimmed_id and is_behind(trimmed_id, gone)) then
    trimmed_id = gone
  end
  found[stream] = entries
  exists[stream] = kind == 'stream' and 1 or 0
  newest[stream] = newest_id or false
  trimmed[stream] = trimmed_id or false
  broken[stream] = not is_right and 1 or is_newest_odd and 2 or is_trimmed_odd and 3 or 0
end

local function first_behind(place)
  local entry = redis.call('XRANGE', KEYS[3], '(' .. place, '+', 'COUNT', 1)[1]
  return entry and entry[1] or false
end

local places = {
  noted(KEYS[1]) or false, noted(KEYS[2]) or false, end_of(KEYS[3], KEYS[4]), noted(KEYS[5]) or false,
  first_behind('0-0'), first_behind(after),
}
return {places, found, exists, newest, trimmed, broken}

-- Read a part of several derived streams, and what is known of entries that are not there any more. All at one moment.
--
-- KEYS: the cursor, where it began, the bus, where it ends, up to where it has lost entries; the n streams; for each
--       of them where its newest id is told; where its newest trimmed id is
-- ARGV: behind which id, up to which, how many of each stream, with how many bytes (the last one may have more), what
--       all keys begin with
-- Returns the two ids, the end of the bus, up to where it has lost entries, its oldest id, the next one behind the first
-- of the ARGV; for each stream its entries; whether it exists; the newest id; the newest trimmed id; which of
-- its three keys is of another kind, or no place on the bus (0: none). Then nobody can tell what was there.

local after, until_id, count, most_bytes, prefix = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local FIRST = 5 -- keys that are about no stream
local STEP = 16 -- entries; so many may be read and be more than was asked for
local streams = (#KEYS - FIRST) / 3
local found, exists, newest, trimmed, broken = {}, {}, {}, {}, {}

-- At most count entries with their messages, up to the one with which they have that many bytes; and the newest one
-- whose body is gone. Asks for few entries at first: each may be of megabytes, and there may be a thousand.
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

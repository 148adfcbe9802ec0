-- End of the bus. A part of the scripts that need it, behind place.lua.
--
-- A bus that has lost its end, because Redis failed over to a lagging replica or came back with older data, continues
-- at the end that was known before: a key notes that offset until entries lie behind it.
local function newest_of(key)
  local newest = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  return newest and newest[1]
end

-- Return the later one of two offsets; the second may be nil.
local function later_of(place, other)
  return parts_of(other) and is_behind(other, place) and other or place
end

local function end_of(bus, end_key)
  return later_of(newest_of(bus) or '0-0', noted(end_key))
end


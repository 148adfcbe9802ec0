-- Where the bus ends. Put in front of the scripts that need it, behind place.lua.
--
-- A bus that has lost its end, because Redis failed over to a replica that lagged or came back with older data, goes
-- on where it was known to end before: a key notes that place down, until entries lie behind it.
local function newest_of(key)
  local newest = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  return newest and newest[1]
end

-- The place of the two that lies further behind; the second one may be none.
local function later_of(place, other)
  return parts_of(other) and is_behind(other, place) and other or place
end

local function end_of(bus, end_key)
  return later_of(newest_of(bus) or '0-0', noted(end_key))
end


-- Where the bus ends. Put in front of the scripts that need it, behind place.lua.
--
-- A bus that has lost its end, because Redis failed over to a replica that lagged or came back with older data, goes
-- on where it was known to end before: a key notes that place down, until entries lie behind it.
local function end_of(bus, end_key)
  local newest = redis.call('XREVRANGE', bus, '+', '-', 'COUNT', 1)[1]
  local newest_id = newest and newest[1] or '0-0'
  local noted_id = noted(end_key)
  return noted_id and is_behind(noted_id, newest_id) and noted_id or newest_id
end


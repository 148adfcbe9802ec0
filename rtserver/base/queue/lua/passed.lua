-- Offset that all readers have passed that committed lately. A part of the scripts that need it, behind place.lua.
--
-- An offset is a field of the hash of committed offsets, for one lane of one worker; or a cursor, up to which a derived
-- stream has been made. The times have a member for each, "lane" or "cursor" and its name. Returns nil if there are
-- none; behind the offset the key of the cursor that it is, or nil.
local function passed_by(kind, moments, offsets, prefix, since_ms)
  local passed, holder
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', moments, since_ms, '+inf')) do
    local its_kind, name = string.match(member, '^(%S+) (.*)$')
    local place, key
    if its_kind == 'cursor' then
      key = prefix .. 'kept:' .. name
      place = noted(key)
    elseif kind ~= 'cursor' then
      place = redis.call('HGET', offsets, name)
    end
    if place and parts_of(place) and (not passed or is_behind(passed, place)) then
      passed, holder = place, key
    end
  end
  return passed, holder
end

-- Return the first possible id behind another.
local function next_of(id)
  local ms, number = parts_of(id)
  if number >= 2 ^ 53 then
    return string.format('%.0f-0', ms + 1) -- a Lua number cannot tell it from its neighbour
  end
  return string.format('%.0f-%.0f', ms, number + 1)
end


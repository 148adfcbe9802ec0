-- Where a cursor stands; one that nobody has moved yet, or that cannot be read, begins here.
--
-- KEYS: the cursor, where it began, the bus, where it ends
-- Returns the cursor's place, and for the first two keys whether there was something that is no place.

local until_id, is_odd = noted(KEYS[1])
local born, is_born_odd = noted(KEYS[2])
local here = end_of(KEYS[3], KEYS[4])
if here == '0-0' then
  -- On an empty bus this moment is before every entry to come, and behind whatever an older bus had.
  local time = redis.call('TIME')
  here = string.format('%.0f-0', time[1] * 1000 + math.floor(time[2] / 1000))
end
if not until_id then
  until_id = here
  redis.call('SET', KEYS[1], here)
end
if not born then
  redis.call('SET', KEYS[2], here)
end
return {until_id, is_odd and 1 or 0, is_born_odd and 1 or 0}

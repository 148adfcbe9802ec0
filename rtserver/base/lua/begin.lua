-- Where a cursor stands; one that nobody has moved yet, or that cannot be read, begins here.
--
-- KEYS: the cursor, where it began, the bus, where it ends, the moments at which places were noted down
-- ARGV: the cursor's name
-- Returns the cursor's place, and for the first two keys whether there was something that is no place.

local until_id, is_odd = noted(KEYS[1])
local born, is_born_odd = noted(KEYS[2])
local here = end_of(KEYS[3], KEYS[4])
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
if here == '0-0' then
  -- On an empty bus this moment is before every entry to come, and behind whatever an older bus had.
  here = now .. '-0'
end
if not until_id then
  until_id = here
  redis.call('SET', KEYS[1], here)
end
if not born then
  redis.call('SET', KEYS[2], here)
end
-- From now on the bus keeps what is to be derived, and not only from the first entry that was.
redis.call('ZADD', KEYS[5], now, 'cursor ' .. ARGV[1])
return {until_id, is_odd and 1 or 0, is_born_odd and 1 or 0}

-- Return where a cursor stands. A cursor that was never moved, or that cannot be read, begins here.
--
-- The bus continues behind the cursor, whatever the clock says by then: entries before a cursor count as derived, and
-- would be left out.
--
-- KEYS: the cursor, where it began, the bus, its end, the last entry that it has lost, the times of offsets
-- ARGV: the cursor's name
-- Returns the cursor's offset, and for each of the first two keys 1 if it held something that is no offset.

local until_id, is_odd = noted(KEYS[1])
local born, is_born_odd = noted(KEYS[2])
local bus_end = end_of(KEYS[3], KEYS[4])
local here = bus_end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
if here == '0-0' then
  -- On an empty bus, now lies before every entry to come and behind every entry of an older bus.
  here = now .. '-0'
end
if until_id and is_behind(until_id, bus_end) then
  local lost_id = noted(KEYS[5])
  if not lost_id or is_behind(until_id, lost_id) then
    redis.call('SET', KEYS[5], until_id)
  end
end
if not until_id then
  until_id = here
  redis.call('SET', KEYS[1], here)
end
if not born then
  redis.call('SET', KEYS[2], here)
end
if is_behind(until_id, bus_end) then
  redis.call('SET', KEYS[4], until_id)
end
-- From now on the bus keeps what is to be derived, even before the first entry is.
redis.call('ZADD', KEYS[6], now, 'cursor ' .. ARGV[1])
return {until_id, is_odd and 1 or 0, is_born_odd and 1 or 0}

-- Return the end of the bus.
--
-- KEYS: the bus, the note about its end
return end_of(KEYS[1], KEYS[2])

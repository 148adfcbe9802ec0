-- Read a place that a key notes down.
--
-- KEYS: the note
-- Returns the place, if there is one that can be read; whether there is something else.

local text, is_odd = noted(KEYS[1])
return {text or false, is_odd and 1 or 0}

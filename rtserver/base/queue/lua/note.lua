-- Read the offset that a key notes.
--
-- KEYS: the note
-- Returns the offset, if it can be read; 1 if the key holds something else.

local text, is_odd = noted(KEYS[1])
return {text or false, is_odd and 1 or 0}

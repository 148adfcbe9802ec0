-- Store bars of a quote. Atomic.
--
-- KEYS: the quotes
-- ARGV: the prefix of all keys, the quote, then six words for each group of bars (add.lua)
-- Returns base, group and number of blocks of each group; or -1 and a key that holds something else.

local prefix, quote = ARGV[1], ARGV[2]
local odd = odd_bar_key(prefix, quote, 3)
if odd then
  return {-1, odd}
end
return add_bars(prefix, quote, 3)

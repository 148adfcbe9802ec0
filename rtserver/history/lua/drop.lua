-- Forget the state and the ticks of a quote, unless it was saved meanwhile.
--
-- KEYS: the state, the ticks, the quotes
-- ARGV: the stamp that the state has, the quote
-- Returns 1 if they are forgotten.

if redis.call('HGET', KEYS[1], 'stamp') ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1], KEYS[2])
note_quote('SREM', KEYS[3], 'state ' .. ARGV[2])
return 1

-- Read who is there.
--
-- Returns, for each lease that has not ended: its number, the record, the milliseconds left, the figures (JSON or an
-- empty text), and the kinds of items each followed by their number.

local answer = {}
local found = living()
for i = 1, #found, 2 do
  local number = found[i]
  local record, raw = record_of(number)
  local one = {number, raw, tonumber(found[i + 1]) - now_ms, redis.call('HGET', loads, number) or ''}
  for _, what in ipairs(kinds_of(record)) do
    one[#one + 1] = what
    local count = redis.pcall('SCARD', held_key(number, what))
    one[#one + 1] = type(count) == 'number' and count or 0 -- a key of another kind has none
  end
  answer[#answer + 1] = one
end
return answer

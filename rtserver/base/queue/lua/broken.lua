-- Check that keys hold what they are for.
--
-- KEYS: the keys
-- ARGV: the purpose of each: "place" for an offset, or a type of Redis
-- Returns for each of them 1 if it holds something else.

local odd = {}
for i, key in ipairs(KEYS) do
  if ARGV[i] == 'place' then
    local _, is_odd = noted(key)
    odd[i] = is_odd and 1 or 0
  else
    local kind = redis.call('TYPE', key).ok
    odd[i] = (kind ~= 'none' and kind ~= ARGV[i]) and 1 or 0
  end
end
return odd

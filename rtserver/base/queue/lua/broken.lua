-- Look whether keys hold what they are for.
--
-- KEYS: the keys
-- ARGV: what each is for: "place", or a kind of Redis
-- Returns for each of them whether it holds something else.

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

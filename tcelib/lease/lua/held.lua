-- Note which items a holder has from now on, or has no more.
--
-- ARGV from 4 on: the number, "held" or "dropped", the kind of the items, the items (a thousand at most)
-- Returns -1 if the lease has ended, -2 if it may not hold this kind, else how often items were told under it.

local number, op, what = ARGV[4], ARGV[5], ARGV[6]
if not left(number) then
  return -1
end
local may_hold = false
for _, kind in ipairs(kinds_of(record_of(number))) do
  may_hold = may_hold or kind == what
end
if not may_hold then
  return -2
end

local key = held_key(number, what)
local items = {unpack(ARGV, 7)}
local there = redis.call('SMISMEMBER', key, unpack(items))
redis.call('XLEN', changes) -- it is of no other kind
local told = redis.call('HINCRBY', tellings, number, 1)
local unchanged = op == 'held' and 1 or 0
local changed, seen = {}, {}
for i, item in ipairs(items) do
  if there[i] ~= unchanged and not seen[item] then
    seen[item] = true
    changed[#changed + 1] = item
  end
end
if #changed > 0 then
  tell(op, number, 'what', what, 'items', cjson.encode(changed))
  redis.call(op == 'held' and 'SADD' or 'SREM', key, unpack(changed))
end
return told

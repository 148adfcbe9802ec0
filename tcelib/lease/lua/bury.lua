-- Note that a lease has ended, if one has, and drop some of the items of one that had. Items in a key of another kind
-- are not ours, and stay.
--
-- ARGV from 4 on: the number of items at most
-- Returns 1 if more is left to bury, else 0.

local most = ARGV[4]
redis.call('XLEN', changes) -- it is of no other kind

local ended = redis.call('ZRANGE', ends, '-inf', now_ms, 'BYSCORE', 'LIMIT', 0, 1)[1]
if ended then
  end_lease(ended, 'ended')
end

local number = redis.call('SRANDMEMBER', graves)
if number then
  local is_empty = true
  for _, what in ipairs(kinds_of(record_of(number))) do
    local key = held_key(number, what)
    if is_empty and redis.call('TYPE', key).ok == 'set' then
      tell('dropped', number, 'what', what, 'items', cjson.encode(redis.call('SPOP', key, most)))
      is_empty = redis.call('EXISTS', key) == 0
    end
  end
  if is_empty then
    redis.call('SREM', graves, number)
    redis.call('HDEL', records, number)
    redis.call('HDEL', loads, number)
    redis.call('HDEL', tellings, number)
  end
end
return is_anything_over()

-- Bodies that several streams refer to. A part of the scripts that need them.
--
-- A message for many users is stored once, as the hash <prefix>body:<id> with the fields "raw" and "refs". An entry of
-- a stream refers to it by its id and the field "ref"; an entry for one user holds the message itself, as "raw".

local REF = 'ref'

-- Note that count more entries refer to a body, for at least so many seconds.
local function hold_body(prefix, id, raw, count, seconds)
  local key = prefix .. 'body:' .. id
  if redis.call('TYPE', key).ok ~= 'hash' then
    redis.call('DEL', key) -- no other program names a key like this
    redis.call('HSET', key, 'raw', raw)
  end
  redis.call('HINCRBY', key, 'refs', count)
  redis.call('EXPIRE', key, seconds)
end

-- Note that an entry was removed. The body goes with the last entry that refers to it.
local function release_body(prefix, entry)
  if entry[2][1] == REF then
    local key = prefix .. 'body:' .. entry[1]
    if redis.call('EXISTS', key) == 1 and redis.call('HINCRBY', key, 'refs', -1) <= 0 then
      redis.call('DEL', key)
    end
  end
end

-- Return the body that an entry refers to; nil if it is gone.
local function body_of(prefix, id)
  local raw = redis.pcall('HGET', prefix .. 'body:' .. id, 'raw')
  return type(raw) == 'string' and raw or nil
end


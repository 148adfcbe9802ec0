-- The registry, for the scripts that follow this one. All that they read and write is of one moment.
--
-- A command that a key of another kind refuses ends its script, and what was done before stays. So each script meets
-- every key that it needs before it changes anything that cannot be done again.
--
-- KEYS: the records, the ends, the figures, how often items were told, the graves, the changes, the last number
-- ARGV: the prefix of the items' keys, the number of changes that are kept, the seconds for which they are kept

local records, ends, loads, tellings, graves, changes, last = unpack(KEYS)
local held_prefix, change_count, change_seconds = ARGV[1], ARGV[2], ARGV[3]

local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now_ms = math.floor(now_us / 1000)

local function held_key(number, what)
  return held_prefix .. number .. ':' .. what
end

-- Milliseconds until a lease ends; nil if it has ended.
local function left(number)
  local at = redis.call('ZSCORE', ends, number)
  local ms = at and tonumber(at) - now_ms
  return ms and ms > 0 and ms or nil
end

-- The numbers of the leases that have not ended, each followed by its end.
local function living()
  return redis.call('ZRANGE', ends, '(' .. now_ms, '+inf', 'BYSCORE', 'WITHSCORES')
end

-- A holder's description; one that nobody can read names nothing.
local function record_of(number)
  local raw = redis.call('HGET', records, number)
  local is_good, record = pcall(cjson.decode, raw or '')
  return is_good and type(record) == 'table' and record or {}, raw or ''
end

-- The kinds of items that a holder may hold; what is no text names none.
local function kinds_of(record)
  local kinds = {}
  for _, kind in ipairs(type(record.holds) == 'table' and record.holds or {}) do
    kinds[#kinds + 1] = type(kind) == 'string' and kind or nil
  end
  return kinds
end

local function tell(op, number, ...)
  redis.call('XADD', changes, 'MAXLEN', '~', change_count, '*', 'op', op, 'lease', number, ...)
  redis.call('EXPIRE', changes, change_seconds)
end

local function end_lease(number, op)
  redis.call('SADD', graves, number)
  tell(op, number)
  redis.call('ZREM', ends, number)
end

local function is_anything_over()
  local ended = redis.call('ZCOUNT', ends, '-inf', now_ms)
  return (ended > 0 or redis.call('EXISTS', graves) == 1) and 1 or 0
end

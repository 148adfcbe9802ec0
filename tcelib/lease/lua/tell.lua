-- Tell a backend of users who have come or gone, each event once, whichever worker tells it first.
--
-- Follows registry.lua.
-- KEYS from 8 on: who is told to be online (hash, user to milliseconds), who was told to be offline (sorted set by
-- milliseconds), and the backend's queue (stream)
-- ARGV from 4 on: "online" or "offline", the seconds for which those who have gone are remembered, a field beside each
-- message that says true ("" for none), then for each event the user, its milliseconds and the message
-- Returns the number of messages.

local told, gone, queue = KEYS[8], KEYS[9], KEYS[10]
local op, seconds, flag = ARGV[4], tonumber(ARGV[5]), ARGV[6]
for command, key in pairs({HLEN = told, ZCARD = gone, XLEN = queue}) do
  redis.call(command, key) -- none is of another kind
end

local users = {}
for i = 7, #ARGV, 3 do
  users[#users + 1] = ARGV[i]
end
local since = redis.call('HMGET', told, unpack(users))
local left_at = redis.call('ZMSCORE', gone, unpack(users))

local is_held = {}
if op == 'offline' then
  local found = living()
  for i = 1, #found, 2 do
    local flags = redis.pcall('SMISMEMBER', held_key(found[i], 'user'), unpack(users))
    for k = 1, #users do
      is_held[k] = is_held[k] or flags[k] == 1
    end
  end
end

local count = 0
for k, user in ipairs(users) do
  local at, body = tonumber(ARGV[3 * k + 5]), ARGV[3 * k + 6]
  if op == 'online' and not since[k] and at > (tonumber(left_at[k] or 0) or 0) then
    redis.call('HSET', told, user, at)
    redis.call('ZREM', gone, user)
  elseif op == 'offline' and since[k] and at > tonumber(since[k]) and not is_held[k] then
    redis.call('HDEL', told, user)
    redis.call('ZADD', gone, at, user)
  else
    if op == 'online' and since[k] and at > tonumber(since[k]) then
      redis.call('HSET', told, user, at)
    end
    body = nil
  end
  if body then
    redis.call('XADD', queue, '*', 'body', body, unpack(flag ~= '' and {flag, 'true'} or {}))
    count = count + 1
  end
end
redis.call('ZREMRANGEBYSCORE', gone, '-inf', now_ms - seconds * 1000)
redis.call('EXPIRE', gone, seconds)
return count

-- Push a dead letter's message to the end of the list and forget the letter.
--
-- KEYS: the list, the stream of dead letters, the names, the former names, the bus
-- ARGV: the letter's id, the message's name ('' for none), the milliseconds of silence after which names are forgotten,
--       the message
-- Returns 1, or 0 if there is no such letter, or if it does not hold its whole message.

local list, dead, names, before, bus = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, name, silence, message = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local letter = redis.call('XRANGE', dead, id, id)[1]
if not letter then
  return 0
end
local fields = {}
for i = 1, #letter[2], 2 do
  fields[letter[2][i]] = letter[2][i + 1]
end
if fields.bytes then
  return 0
end
if name ~= '' then
  -- The message is wanted again: permit one more entry of this name, see bind.lua.
  local known = redis.call('HGET', names, name) or redis.call('HGET', before, name)
  local newest = redis.call('XREVRANGE', bus, '+', '-', 'COUNT', 1)[1]
  redis.call('HSET', names, name, (known and known .. ' ' or '') .. '+' .. (newest and newest[1] or '0-0'))
  redis.call('PEXPIRE', names, silence)
end
redis.call('RPUSH', list, message)
redis.call('XDEL', dead, id)
return 1

-- Take over the oldest messages whose readers have been silent for too long.
--
-- KEYS: the stream
-- ARGV: the group, the new reader, the milliseconds of silence, the most messages
-- Returns for each message its id, how often it was handed out, and its fields.

local stream, group, reader, silence, most = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local claimed, start = {}, '-'

for _ = 1, 100 do
  local oldest = redis.call('XPENDING', stream, group, 'IDLE', silence, start, '+', most - #claimed)
  for _, pending in ipairs(oldest) do
    local id, tries = pending[1], pending[4]
    local entry = redis.call('XCLAIM', stream, group, reader, 0, id)[1]
    if entry then
      claimed[#claimed + 1] = {id, tries + 1, entry[2]}
    else
      redis.call('XACK', stream, group, id) -- it was removed by hand
    end
    start = '(' .. id
  end
  if #oldest == 0 or #claimed == most then
    break
  end
end
return claimed

-- Take over the oldest piece of work whose worker has been silent for too long.
--
-- KEYS: the stream of work
-- ARGV: the group, the new worker, the milliseconds of silence
-- Returns the piece's id, how often it was begun, and its message; nil if there is none.

local stream, group, worker, silence = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

for _ = 1, 100 do
  local oldest = redis.call('XPENDING', stream, group, 'IDLE', silence, '-', '+', 1)[1]
  if not oldest then
    return nil
  end
  local id, begun = oldest[1], oldest[4]
  local entry = redis.call('XCLAIM', stream, group, worker, 0, id)[1]
  if entry then
    return {id, begun + 1, entry[2][2]}
  end
  redis.call('XACK', stream, group, id) -- it was removed by hand
end
return nil

-- Do something with those of several pieces of work that are still held by one worker.
--
-- KEYS: the stream of work
-- ARGV: the group, the worker, what is done, the ids of the pieces
--       "renew": they are worked on; "again": they are begun once more; "release": anybody may claim them
-- Returns for each of them its id, how often it was begun, and for "again" its message.

local RELEASED = '86400000' -- milliseconds of silence that nobody waits for

local stream, group, worker, what = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local held = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local mine = redis.call('XPENDING', stream, group, id, id, 1, worker)[1]
  if mine then
    local begun = mine[4]
    if what == 'renew' then
      redis.call('XCLAIM', stream, group, worker, 0, id, 'JUSTID')
      held[#held + 1] = {id, begun}
    elseif what == 'release' then
      redis.call('XCLAIM', stream, group, worker, 0, id, 'IDLE', RELEASED, 'RETRYCOUNT', begun - 1, 'JUSTID')
      held[#held + 1] = {id, begun - 1}
    else
      local entry = redis.call('XCLAIM', stream, group, worker, 0, id)[1]
      if entry then
        held[#held + 1] = {id, begun + 1, entry[2][2]}
      end
    end
  end
end
return held

-- Renew, begin again or release those of several pieces of work that one worker still holds.
--
-- KEYS: the stream of work
-- ARGV: the group, the worker, the action, the ids of the pieces
--       "renew": the worker still works on them; "again": it begins them once more; "release": others may claim them
-- Returns for each of them its id, how often it was begun, and for "again" its message.

local RELEASED = '86400000' -- milliseconds, longer than any worker waits before it claims

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

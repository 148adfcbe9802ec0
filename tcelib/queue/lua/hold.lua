-- Extend, begin again or release those of several messages that one reader still holds.
--
-- KEYS: the stream
-- ARGV: the group, the reader, the action, the ids of the messages
--       "extend": the reader is not silent; "again": it begins them once more; "release": others may claim them
-- Returns for each of them its id, how often it was handed out, and for "again" its fields.

local RELEASED = '86400000' -- milliseconds, longer than any reader waits before it claims

local stream, group, reader, what = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local held = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local mine = redis.call('XPENDING', stream, group, id, id, 1, reader)[1]
  if mine then
    local tries = mine[4]
    if what == 'extend' then
      redis.call('XCLAIM', stream, group, reader, 0, id, 'JUSTID')
      held[#held + 1] = {id, tries}
    elseif what == 'release' then
      redis.call('XCLAIM', stream, group, reader, 0, id, 'IDLE', RELEASED, 'RETRYCOUNT', tries - 1, 'JUSTID')
      held[#held + 1] = {id, tries - 1}
    else
      local entry = redis.call('XCLAIM', stream, group, reader, 0, id)[1]
      if entry then
        held[#held + 1] = {id, tries + 1, entry[2]}
      end
    end
  end
end
return held

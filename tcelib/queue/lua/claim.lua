-- Take over the oldest messages whose readers are gone.
--
-- KEYS: the stream
-- ARGV: the group, the new reader, the milliseconds of silence, the most messages, perhaps names of readers
-- With names: of those readers, however silent they are. Without: of readers that have been silent for so long. A
-- reader whose name begins with "lease:" holds a lease, and its silence says nothing, but for what it gave back.
-- Returns for each message its id, how often it was handed out, and its fields.

local RELEASED = 86400000 -- milliseconds; see hold.lua

local stream, group, reader, silence, most = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local claimed = {}

local function is_leased(owner)
  return string.sub(owner, 1, 6) == 'lease:'
end

local function claim(idle, ...)
  local start = '-'
  for _ = 1, 100 do
    if #claimed >= most then
      return
    end
    local oldest = redis.call('XPENDING', stream, group, 'IDLE', idle, start, '+', most - #claimed, ...)
    for _, pending in ipairs(oldest) do
      local id, owner, idle_ms, tries = unpack(pending)
      if ... or not is_leased(owner) or idle_ms >= RELEASED then
        local entry = redis.call('XCLAIM', stream, group, reader, 0, id)[1]
        if entry then
          claimed[#claimed + 1] = {id, tries + 1, entry[2]}
        else
          redis.call('XACK', stream, group, id) -- it was removed by hand
        end
      end
      start = '(' .. id
    end
    if #oldest == 0 then
      return
    end
  end
end

if #ARGV == 4 then
  claim(silence)
end
for i = 5, #ARGV do
  claim(0, ARGV[i])
end
return claimed

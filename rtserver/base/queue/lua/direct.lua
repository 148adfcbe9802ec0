-- Words of kept entries to the workers that have their users. A part of the script that keeps.
--
-- A worker's stream has the ids of the bus. So an entry of which it was told before, by whomever, is refused.
local MOST_HINTS = 1000 -- about; a worker that is further behind waits for the bus
local HINT_MS = 60000

-- Tell the workers of some leases of entries from the place ``first`` on. ``befores`` has a text for each entry, empty
-- for one of which nobody is to be told. ``message_of`` returns a message by its number.
local function tell_directly(prefix, leases, streams, entries, befores, first, message_of)
  local users, number_of = {}, {}
  for i = first, #entries, 3 do
    local stream = entries[i]
    if befores[(i + 2) / 3] ~= '' and not number_of[stream] then
      users[#users + 1] = string.sub(streams[stream], 6) -- behind "user:"
      number_of[stream] = #users
    end
  end
  if #users == 0 then
    return
  end
  for _, lease in ipairs(leases) do
    lease = string.format('%.0f', lease)
    local flags = redis.pcall('SMISMEMBER', prefix .. 'held:' .. lease .. ':user', unpack(users))
    local key, is_told = prefix .. 'to:' .. lease, false
    for i = first, not flags.err and #entries or 0, 3 do
      local before, user = befores[(i + 2) / 3], number_of[entries[i]]
      if before ~= '' and flags[user] == 1 then
        redis.pcall('XADD', key, 'MAXLEN', '~', MOST_HINTS, entries[i + 1], 'raw', message_of(entries[i + 2]), 'to',
          users[user], 'before', before)
        is_told = true
      end
    end
    if is_told then
      redis.call('PEXPIRE', key, HINT_MS)
    end
  end
end

-- Which worker is alone. A part of the intake's script.
--
-- A worker that is alone is brought what it moves by its own intake, and does not wait on the bus. So whoever moves
-- messages beside it has to tell it. A burst ends it as well: reading then goes on beside the next intake.
local MOST_ALONE = 100 -- messages of one intake
local TOLD_MS = 5000 -- within which the worker has to hear of it; else its next intake asks again

local function tell(alone_key, worker)
  local told = alone_key .. ':' .. worker
  redis.call('RPUSH', told, 1)
  redis.call('PEXPIRE', told, TOLD_MS)
end

-- Settle who is alone after an intake has moved so many messages. Its worker asks to be alone; or does not, and is ''.
-- So is the one that was alone, if there was none.
local function settle_who_is_alone(alone_key, alone, worker, moved)
  if alone == worker and moved <= MOST_ALONE then
    return
  end
  if alone == '' and worker ~= '' and moved <= MOST_ALONE then
    redis.call('SET', alone_key, worker)
    return
  end
  if alone ~= '' and moved > 0 then
    redis.call('DEL', alone_key)
    tell(alone_key, alone)
  end
  if worker ~= '' and worker ~= alone then
    tell(alone_key, worker)
  end
end

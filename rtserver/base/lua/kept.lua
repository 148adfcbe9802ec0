-- Read a part of several derived streams, and what is known of entries that are not there any more. All at one moment.
--
-- KEYS: the cursor, where it began; the n streams; for each of them where its newest id is told; where its newest
--       trimmed id is
-- ARGV: behind which id, up to which, how many of each stream
-- Returns the two ids; for each stream its entries; whether it exists; the newest id; the newest trimmed id.

local streams = (#KEYS - 2) / 3
local found, exists, newest, trimmed = {}, {}, {}, {}
for stream = 1, streams do
  local key = KEYS[2 + stream]
  found[stream] = redis.call('XRANGE', key, '(' .. ARGV[1], ARGV[2], 'COUNT', ARGV[3])
  exists[stream] = redis.call('EXISTS', key)
  newest[stream] = redis.call('GET', KEYS[2 + streams + stream])
  trimmed[stream] = redis.call('GET', KEYS[2 + 2 * streams + stream])
end
return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]), found, exists, newest, trimmed}

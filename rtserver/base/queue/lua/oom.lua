-- First part of scripts that go on when Redis has no memory left: what they write makes room in the end.
--
-- Redis refuses a command that may need memory only as the first write of a script. This one needs none, in Redis 6.2
-- and in all later versions; the flag "allow-oom" exists since 7.0.
redis.call('DEL', KEYS[1] .. ':none')


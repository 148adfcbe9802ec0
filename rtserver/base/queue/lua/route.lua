-- The route of a message: its type, and whom or what it is for. A part of the intake's script.
--
-- A message has a route if its first two fields are "type" and "to", two texts without escapes. Nothing else of it is
-- looked at, and JSON is never decoded: a match costs a fifth of a microsecond, whatever the length of the message.
-- route.py is the twin.
local MOST_TYPE, MOST_TO = 64, 1000 -- bytes
local ROUTE = '{%s*"type"%s*:%s*"([%w_.%-]+)"%s*,%s*"to"%s*:%s*"([^"\\%c]+)"'
local OF_PLAIN, OF_SIGNED = '^' .. ROUTE, '^sha256=%x+ t?s?=?%d* ?' .. ROUTE

-- Return the type and whom or what the message is for; nothing if it has no route.
local function route_of(raw)
  local kind, to = string.match(raw, string.byte(raw) == 115 and OF_SIGNED or OF_PLAIN)
  if kind and #kind <= MOST_TYPE and #to <= MOST_TO then
    return kind, to
  end
end

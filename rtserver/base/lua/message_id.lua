-- What a message is known by: its sender and the "id" that it gave. Put in front of the scripts that need it.
--
-- The name under which a message is remembered; nil if it has none, or if it is not certain which. Only an "id" of
-- the message itself counts, text that is not empty or an integer that a double can say exactly. What is signed goes
-- by its signature, too: nobody who cannot sign can use up the id of a message that is.
local function name_of(raw)
  local find = string.find
  -- Most messages have none, and are full of quotation marks: the first look is for what is rarer.
  if not find(raw, 'id"', 1, true) or not find(raw, '"id"', 1, true) then
    return nil
  end
  local signature, json = string.match(raw, '^sha256=(%x+) (.*)$')
  local is_json, message = pcall(cjson.decode, json or raw)
  if not is_json or type(message) ~= 'table' or type(message.src) ~= 'string' then
    return nil
  end
  local id = message.id
  if type(id) == 'number' and id % 1 == 0 and math.abs(id) <= 9007199254740991 then
    id = string.format('n%.0f', id)
  elseif type(id) == 'string' and id ~= '' then
    id = 's' .. id
  else
    return nil
  end
  return redis.sha1hex(string.format('%d:', #message.src) .. message.src .. (signature or '') .. id)
end


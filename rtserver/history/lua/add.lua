-- Bars of a quote, added as blocks. A part of the scripts that need it.
--
-- A block is added at the end of the bytes of its group, where it overrides what is there. The index, a hash, has for
-- each group the labels of its first bar and its last, the rows and the number of its blocks, and a revision, which is
-- another one after each change.

local BAR_WORDS = 6 -- base period, group, labels of the first bar and the last, rows, the block

local function index_key(prefix, base, quote)
  return prefix .. 'history:blocks:' .. base .. ':' .. quote
end

local function block_key(prefix, base, group, quote)
  return prefix .. 'history:block:' .. base .. ':' .. group .. ':' .. quote
end

-- Return the key, in a table of its own, if it holds something else than a kind.
local function odd_key(key, kind)
  local found = redis.call('TYPE', key).ok
  return found ~= 'none' and found ~= kind and key or nil
end

local function odd_bar_key(prefix, quote, first)
  for i = first, #ARGV, BAR_WORDS do
    local odd = odd_key(index_key(prefix, ARGV[i], quote), 'hash')
      or odd_key(block_key(prefix, ARGV[i], ARGV[i + 1], quote), 'string')
    if odd then
      return odd
    end
  end
end

-- Add a member to a set, or remove it. Return the key if it holds something else: it counts as empty.
local function note_quote(command, key, member)
  local odd = odd_key(key, 'set')
  if not odd then
    redis.call(command, key, member)
  end
  return odd
end

local function revision()
  local time = redis.call('TIME')
  return time[1] .. string.format('%06d', time[2])
end

-- Add the bars that ARGV names from a place on. Return base, group and number of blocks of each group.
local function add_bars(prefix, quote, first_word)
  local counts = {}
  for i = first_word, #ARGV, BAR_WORDS do
    local base, group, first, last, rows, block = unpack(ARGV, i, i + BAR_WORDS - 1)
    local index = index_key(prefix, base, quote)
    local note = redis.call('HGET', index, group) or ''
    local f, l, r, b = string.match(note, '^(-?%d+) (-?%d+) (%d+) (%d+) ')
    if f then
      first = tonumber(f) < tonumber(first) and f or first
      last = tonumber(l) > tonumber(last) and l or last
    end
    local blocks = (b or 0) + 1
    redis.call('APPEND', block_key(prefix, base, group, quote), block)
    note = string.format('%s %s %.0f %.0f %s', first, last, (r or 0) + rows, blocks, revision())
    redis.call('HSET', index, group, note)
    note_quote('SADD', prefix .. 'history:quotes', base .. ' ' .. quote)
    counts[#counts + 1] = base
    counts[#counts + 1] = group
    counts[#counts + 1] = blocks
  end
  return counts
end

-- Find the entries of some users, in slices, so that no call blocks Redis for long.
--
-- KEYS  journal or dead letters
-- ARGV  group of unknown events; where to begin: - or ( and the last id of the slice before; the last id, or +;
--       most entries to read; then the users' ids
-- Returns {{{id, 1 if it is held in that group else 0, {field, value, ...}}, ...},
--          where the next slice begins, or '' if this is the last one}

local wanted = {}
for i = 5, #ARGV do
  wanted[ARGV[i]] = true
end

local function is_wanted(fields)
  for i = 1, #fields - 1, 2 do
    if fields[i] == 'userId' and wanted[fields[i + 1]] then
      return true
    end
  end
  return false
end

local function is_held(id)
  local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], id, id, 1)
  if pending.err and not string.find(pending.err, '^NOGROUP') then
    error(pending)
  end
  return #pending > 0
end

local found = {}
local entries = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[3], 'COUNT', ARGV[4])
for _, entry in ipairs(entries) do
  if is_wanted(entry[2]) then
    found[#found + 1] = {entry[1], is_held(entry[1]) and 1 or 0, entry[2]}
  end
end
return {found, #entries == tonumber(ARGV[4]) and '(' .. entries[#entries][1] or ''}

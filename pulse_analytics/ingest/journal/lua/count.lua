-- Count entries that the group has not read: those after one entry (exclusive), up to another (inclusive).
--
-- KEYS  journal
-- ARGV  group, id of the first entry, id of the last entry, most entries to count
-- Returns {how many were counted, id of the last one counted or '' if none are left},
--         or {-1, ''} if the group has read beyond the first entry: some may have been settled already

local function beyond(id, other)
  local ms, number = string.match(id, '(%d+)-(%d+)')
  local other_ms, other_number = string.match(other, '(%d+)-(%d+)')
  return tonumber(ms) > tonumber(other_ms) or (ms == other_ms and tonumber(number) > tonumber(other_number))
end

for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local about = {}
  for i = 1, #group, 2 do
    about[group[i]] = group[i + 1]
  end
  if about.name == ARGV[1] and beyond(about['last-delivered-id'], ARGV[2]) then
    return {-1, ''}
  end
end
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[2], ARGV[3], 'COUNT', ARGV[4])
return {#entries, #entries == tonumber(ARGV[4]) and entries[#entries][1] or ''}

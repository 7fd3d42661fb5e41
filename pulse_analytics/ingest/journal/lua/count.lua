-- Count entries that the group has not read: those after one entry, up to and with another.
--
-- KEYS  journal
-- ARGV  group, the one, the other, most entries to count
-- Returns {how many there are, the last of them or '' if there are no more},
--         or {-1, ''} if the group has read on beyond the one: some may have come and gone

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

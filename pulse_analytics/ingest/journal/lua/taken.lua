-- Read the events of entries that are pending in a group, in slices, so that no call blocks Redis for long.
--
-- KEYS  journal
-- ARGV  group, where to begin: - or ( and the last id of the slice before; most entries to read
-- Returns {{id of an event, ...}, where the next slice begins or '' if this is the last one}

local ids = {}
-- Without the journal or the group there is nothing pending.
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[2], '+', ARGV[3])
if pending.err then
  if string.find(pending.err, '^NOGROUP') then
    return {ids, ''}
  end
  return pending
end
for _, each in ipairs(pending) do
  local entry = redis.call('XRANGE', KEYS[1], each[1], each[1])[1]
  for i = 1, entry and #entry[2] or 0, 2 do
    if entry[2][i] == 'id' then
      ids[#ids + 1] = entry[2][i + 1]
    end
  end
end
return {ids, #pending == tonumber(ARGV[3]) and '(' .. pending[#pending][1] or ''}

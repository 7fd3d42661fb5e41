-- Read the journal's balance: all its figures at one moment.
--
-- KEYS  journal, dead letters, ledger
-- ARGV  group, group of unknown events, most entries to count
-- Returns {{accepted, duplicate, settled, parked, dropped, settled as new, epoch or '',
--           1 if the database has noted the epoch's beginning else 0},
--          waiting, pending, dead letters, pending in the group of unknown events,
--          unread entries (as far as counted), the last one that was counted, the journal's newest entry};
--         the last two are '' if there is nothing more to count

local ledger = redis.call('HMGET', KEYS[3], 'accepted', 'duplicate', 'settled', 'parked', 'dropped', 'settled_new')
for i = 1, #ledger do
  ledger[i] = tonumber(ledger[i] or 0)
end
ledger[#ledger + 1] = redis.call('HGET', KEYS[3], 'epoch') or ''
ledger[#ledger + 1] = redis.call('HEXISTS', KEYS[3], 'epoch_begun')
local waiting, letters = redis.call('XLEN', KEYS[1]), redis.call('XLEN', KEYS[2])

local function pairs_of(flat)
  local about = {}
  for i = 1, #flat, 2 do
    about[flat[i]] = flat[i + 1]
  end
  return about
end

local group
local unknown = 0
for _, each in ipairs(redis.call('EXISTS', KEYS[1]) == 1 and redis.call('XINFO', 'GROUPS', KEYS[1]) or {}) do
  local about = pairs_of(each)
  if about.name == ARGV[1] then
    group = about
  elseif about.name == ARGV[2] then
    unknown = about.pending
  end
end
if not group then
  return {ledger, waiting, 0, letters, 0, waiting, '', ''}
end
-- Count the unread entries, because XINFO's lag is unreliable: after an AOF rewrite and a restart, Redis 7.0.15 reports
-- a wrong one, and if entries were settled out of order, it reports none.
local newest = pairs_of(redis.call('XINFO', 'STREAM', KEYS[1]))['last-generated-id']
local entries = redis.call('XRANGE', KEYS[1], '(' .. group['last-delivered-id'], newest, 'COUNT', ARGV[3])
local pending = group.pending + unknown
if #entries < tonumber(ARGV[3]) then
  return {ledger, waiting, pending, letters, unknown, #entries, '', ''}
end
return {ledger, waiting, pending, letters, unknown, #entries, entries[#entries][1], newest}

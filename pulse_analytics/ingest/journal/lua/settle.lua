-- Settle entries whose events are committed: acknowledge, delete and count them, and renew the wake-up flag.
-- This is one atomic step, because an entry that was acknowledged but not deleted could never be taken again.
--
-- KEYS  journal, ledger, wake-up flag, settled per minute
-- ARGV  group, group of unknown events, life of the wake-up flag in ms, how many of the entries were new to the database,
--       then the entries' ids, those of the new ones first
-- Returns how many still existed; only these are counted, so that settling twice counts once

local first_known = 5 + tonumber(ARGV[4])

local function delete(first, last)
  return first <= last and redis.call('XDEL', KEYS[1], unpack(ARGV, first, last)) or 0
end

redis.call('HLEN', KEYS[2])  -- Fails on another type before anything is written.
if redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 5)) < #ARGV - 4 then
  -- Some were stale meanwhile: another worker has settled them, or holds them because it does not know their event.
  redis.call('XACK', KEYS[1], ARGV[2], unpack(ARGV, 5))
end
local new = delete(5, first_known - 1)
local settled = new + delete(first_known, #ARGV)
redis.call('HINCRBY', KEYS[2], 'settled', settled)
redis.call('HINCRBY', KEYS[2], 'settled_new', new)
redis.call('SET', KEYS[3], '1', 'PX', ARGV[3])

-- The count per minute comes last, and its failure (a key of another type) is ignored: it only shows how busy the
-- workers are. XACK, the first write, needs no memory, so Redis refuses none of the later ones at its memory limit.
local minute = math.floor(redis.call('TIME')[1] / 60)
if redis.pcall('HINCRBY', KEYS[4], minute, settled) == settled then
  -- At the first settling of a minute, delete minutes older than an hour, and those in the future, which remain if the
  -- clock was set back.
  for _, field in ipairs(redis.call('HKEYS', KEYS[4])) do
    if tonumber(field) <= minute - 60 or tonumber(field) > minute then
      redis.call('HDEL', KEYS[4], field)
    end
  end
end
return settled

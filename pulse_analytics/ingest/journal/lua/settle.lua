-- Settle entries whose events are committed: acknowledge, delete and count them, and renew the wake-up flag.
-- One step: an entry that was acknowledged but not deleted could never be claimed again.
--
-- KEYS  journal, ledger, wake-up flag, settled per minute
-- ARGV  group, life of the wake-up flag in ms, then the entries' ids
-- Returns how many were still there; only these are counted, so that settling twice counts once

redis.call('HLEN', KEYS[2])  -- Fails on a foreign type before anything is written.
redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 3))
local settled = redis.call('XDEL', KEYS[1], unpack(ARGV, 3))
redis.call('HINCRBY', KEYS[2], 'settled', settled)
redis.call('SET', KEYS[3], '1', 'PX', ARGV[2])

-- Last, and its failure (a foreign type under its key) fails nothing: it only tells how busy we are. As the first write,
-- XACK, needs no memory, Redis refuses none of those after it at its memory limit.
local minute = math.floor(redis.call('TIME')[1] / 60)
if redis.pcall('HINCRBY', KEYS[4], minute, settled) == settled then
  -- The first of this minute: what is older than an hour goes, and what a clock that was set back left in the future.
  for _, field in ipairs(redis.call('HKEYS', KEYS[4])) do
    if tonumber(field) <= minute - 60 or tonumber(field) > minute then
      redis.call('HDEL', KEYS[4], field)
    end
  end
end
return settled

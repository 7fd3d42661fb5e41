-- Settle entries whose events are committed: acknowledge, delete and count them, and renew the wake-up flag.
-- One step: an entry that was acknowledged but not deleted could never be claimed again.
--
-- KEYS  journal, ledger, wake-up flag
-- ARGV  group, life of the wake-up flag in ms, then the entries' ids
-- Returns how many were still there; only these are counted, so that settling twice counts once

redis.call('HLEN', KEYS[2])  -- Fails on a foreign type before anything is written.
redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 3))
local settled = redis.call('XDEL', KEYS[1], unpack(ARGV, 3))
redis.call('HINCRBY', KEYS[2], 'settled', settled)
redis.call('SET', KEYS[3], '1', 'PX', ARGV[2])
return settled

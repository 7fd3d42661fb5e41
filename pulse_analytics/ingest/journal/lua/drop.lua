-- Delete dead letters for good, and count them in the ledger.
--
-- KEYS  dead letters, ledger
-- ARGV  the dead letters' ids
-- Returns how many still existed

redis.call('HLEN', KEYS[2])  -- Fails on another type before anything is written.
local dropped = redis.call('XDEL', KEYS[1], unpack(ARGV))
redis.call('HINCRBY', KEYS[2], 'parked', -dropped)
redis.call('HINCRBY', KEYS[2], 'dropped', dropped)
return dropped

-- Drop entries that are held because no worker knows their event, and count them in the ledger.
-- This is one atomic step, because a newer worker may take them at any moment: then they are left.
--
-- KEYS  journal, ledger
-- ARGV  group of unknown events, then the entries' ids
-- Returns how many were still held

redis.call('HLEN', KEYS[2])  -- Fails on another type before anything is written.
local dropped = 0
for i = 2, #ARGV do
  -- Without the group nothing is held: 0.
  if redis.call('XACK', KEYS[1], ARGV[1], ARGV[i]) == 1 then
    dropped = dropped + redis.call('XDEL', KEYS[1], ARGV[i])
  end
end
redis.call('HINCRBY', KEYS[2], 'dropped', dropped)
return dropped

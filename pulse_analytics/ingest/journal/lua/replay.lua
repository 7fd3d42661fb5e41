-- Replay dead letters: move them back to the journal as they were before they were parked.
--
-- KEYS  journal, dead letters, ledger
-- ARGV  the dead letters' ids
-- Returns how many were still there

redis.call('HLEN', KEYS[3])  -- Fails on a foreign type before anything is written.
local replayed = 0
for _, id in ipairs(ARGV) do
  local letter = redis.call('XRANGE', KEYS[2], id, id)[1]
  if letter then
    local fields = letter[2]
    redis.call('XADD', KEYS[1], '*', unpack(fields, 1, #fields - 4))
    redis.call('XDEL', KEYS[2], id)
    replayed = replayed + 1
  end
end
redis.call('HINCRBY', KEYS[3], 'parked', -replayed)
return replayed

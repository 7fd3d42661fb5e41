-- Replay dead letters: move them back to the journal, without the fields that parking added.
--
-- KEYS  journal, dead letters, ledger
-- ARGV  the dead letters' ids
-- Returns how many still existed

redis.call('HLEN', KEYS[3])  -- Fails on another type before anything is written.
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

-- Park entries: move them from the journal to the dead letters, each with the reason and the time.
--
-- KEYS  journal, dead letters, ledger
-- ARGV  group, group of unknown events, now in ms since 1970, then for each entry its id and the reason
-- Returns how many still existed

redis.call('HLEN', KEYS[3])  -- Fails on another type before anything is written.
local parked, most = 0, 4000
for i = 4, #ARGV, 2 do
  local entry = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
  if entry then
    local fields = entry[2]
    -- A script can pass about 8,000 values to a command; `most` is half of that. An entry with more is not from this project: its first fields
    -- are enough to see where it comes from.
    for i = #fields, most + 1, -1 do
      fields[i] = nil
    end
    -- These come last, because replay removes the last four values.
    for _, value in ipairs({'parkedReason', ARGV[i + 1], 'parkedAt', ARGV[3]}) do
      fields[#fields + 1] = value
    end
    redis.call('XADD', KEYS[2], '*', unpack(fields))
    redis.call('XDEL', KEYS[1], ARGV[i])
    parked = parked + 1
  end
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  redis.call('XACK', KEYS[1], ARGV[2], ARGV[i])  -- Another worker, which does not know its event, may hold it.
end
redis.call('HINCRBY', KEYS[3], 'parked', parked)
return parked

-- Hold entries of events that this worker does not know. They stay in the journal and pending, but in a group of their
-- own, so that no `take` has to go through them. Its consumers are named for the events, so that each is counted.
--
-- KEYS  journal
-- ARGV  group, group of unknown events, then for each entry its id and the name of its event
-- Returns how many still existed

-- This first write has no effect and needs no memory: then Redis refuses none of the later ones at its memory limit.
redis.call('XACK', KEYS[1], ARGV[2], '0-0')
redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[2], '0')  -- It fails if the group exists.
local held = 0
for i = 3, #ARGV, 2 do
  -- FORCE: it is not pending there yet. Without effect if another worker has settled it meanwhile.
  held = held + #redis.call('XCLAIM', KEYS[1], ARGV[2], ARGV[i + 1], 0, ARGV[i], 'FORCE', 'JUSTID')
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
end
return held

-- Remove consumers that have nothing pending and have been idle for long.
-- This is one atomic step, because a frozen consumer may wake up and take entries, and deleting it would lose them.
--
-- KEYS  journal
-- ARGV  group, idle time in ms after which a consumer is gone
-- Returns how many were removed

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local pruned = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local about = {}
  for i = 1, #consumer, 2 do
    about[consumer[i]] = consumer[i + 1]
  end
  if about.pending == 0 and about.idle > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about.name)
    pruned = pruned + 1
  end
end
return pruned

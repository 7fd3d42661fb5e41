-- Take consumers off the group that have nothing pending and have been silent for long.
-- One step: deleting a consumer throws away what it has pending, and a frozen one may wake in between.
--
-- KEYS  journal
-- ARGV  group, idle time in ms after which a consumer is gone
-- Returns how many were taken off

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

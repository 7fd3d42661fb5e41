-- Rename dedupe keys, each with the time that it has left. In this one step, so that a report never finds its key absent.
--
-- KEYS  for each one: its name, its new name
-- ARGV  for each one: its value, its new value
-- Returns how many still had their value; of a new name that exists, the key stays as it is

local renamed = 0
for i = 1, #KEYS, 2 do
  if redis.call('GET', KEYS[i]) == ARGV[i] then
    local left = redis.call('PTTL', KEYS[i])
    if left < 0 then
      redis.call('SET', KEYS[i + 1], ARGV[i + 1], 'NX')
    else
      redis.call('SET', KEYS[i + 1], ARGV[i + 1], 'NX', 'PX', math.max(left, 1))
    end
    redis.call('DEL', KEYS[i])
    renamed = renamed + 1
  end
end
return renamed

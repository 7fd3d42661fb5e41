-- Ask whether a worker must be woken: something waits, no wake-up is on its way, and nobody else was told so.
--
-- KEYS  journal, wake-up flag, queue of wake-ups
-- ARGV  life of the wake-up flag in ms
-- Returns 1 if the caller must wake a worker, else 0

if redis.call('XLEN', KEYS[1]) > 0
  and redis.call('LLEN', KEYS[3]) == 0
  and redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1]) then
  return 1
end
return 0

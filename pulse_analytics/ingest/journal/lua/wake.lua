-- Decide whether the caller must wake a worker: entries wait, and no wake-up flag is set. If so, set the flag.
--
-- KEYS  journal, wake-up flag
-- ARGV  life of the wake-up flag in ms, the longest life that any caller gives it
-- Returns 1 if the caller must wake a worker, else 0

-- Ignore a flag whose TTL is longer than any that we set: the clock was set back, or the key was restored.
local life = redis.call('PTTL', KEYS[2])
if life == -1 or life > tonumber(ARGV[2]) then
  redis.call('DEL', KEYS[2])
end

if redis.call('XLEN', KEYS[1]) > 0
  and redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1]) then
  return 1
end
return 0

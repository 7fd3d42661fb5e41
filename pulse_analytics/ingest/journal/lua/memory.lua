-- Read Redis' memory figures, and add the keys evicted since the last call to the ledger.
--
-- KEYS  ledger
-- Returns {keys evicted in this epoch, bytes in use, the limit in bytes (0: none), maxmemory-policy};
--         {} if Redis refuses INFO

local info = redis.pcall('INFO', 'server', 'stats', 'memory')
if type(info) ~= 'string' then
  return {}
end

local function figure(name)
  return string.match(info, '\n' .. name .. ':([^\r\n]*)')
end

-- Redis' own count starts at 0 after a restart, and a promoted replica has a count of its own. So the ledger notes for
-- each run of a server how much of its count is in the sum.
local run, count = 'evicted:' .. figure('run_id'), tonumber(figure('evicted_keys'))
local held = redis.call('HMGET', KEYS[1], 'evicted', run)
-- The first call of an epoch only notes where the count begins.
local sum, seen = tonumber(held[1] or 0), tonumber(held[1] and (held[2] or 0) or count)
if count < seen then
  seen = 0  -- After CONFIG RESETSTAT.
end
sum = sum + count - seen
if not held[1] or tostring(count) ~= (held[2] or '0') then
  -- At its memory limit, or as a replica, Redis may refuse this write; then the next call adds the keys.
  redis.pcall('HSET', KEYS[1], 'evicted', sum, run, count)
end
return {sum, tonumber(figure('used_memory')), tonumber(figure('maxmemory')), figure('maxmemory_policy')}

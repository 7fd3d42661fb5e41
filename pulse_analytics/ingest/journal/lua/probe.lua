#!lua
-- Find out whether accept.lua could do what it does, and count nothing. For the first line Redis refuses to begin this
-- script where it takes no writes, lacks replicas or has no memory left; what follows asks for the rights.
--
-- KEYS  journal, ledger, wake-up flag, a dedupe key that no report has
-- Returns 1; fails as accept.lua would

redis.call('EXISTS', KEYS[4])
redis.call('SET', KEYS[4], '1', 'PX', 1)
-- With GET it leaves alone what is no string.
local refused = redis.pcall('SET', KEYS[3], '1', 'XX', 'KEEPTTL', 'GET')
if type(refused) == 'table' and refused.err and not string.find(refused.err, 'WRONGTYPE') then
  return refused
end
redis.call('HINCRBY', KEYS[2], 'accepted', 0)
-- Redis asks for the right before it looks at the id, which is none: nothing is appended.
refused = redis.pcall('XADD', KEYS[1], 'no-id', 'id', '')
if not string.find(refused.err, 'Invalid stream ID') then
  return refused
end
return 1

#!lua
-- Check whether accept.lua would succeed, and count nothing. Because of the first line, Redis does not start this
-- script if it takes no writes, lacks replicas or has no memory left. The commands below check the ACL permissions.
--
-- KEYS  journal, ledger, wake-up flag, a dedupe key that no report has
-- Returns 1; fails as accept.lua would

redis.call('EXISTS', KEYS[4])
redis.call('SET', KEYS[4], '1', 'PX', 1)
-- Because of GET, SET does not overwrite a key of another type.
local refused = redis.pcall('SET', KEYS[3], '1', 'XX', 'KEEPTTL', 'GET')
if type(refused) == 'table' and refused.err and not string.find(refused.err, 'WRONGTYPE') then
  return refused
end
redis.call('HINCRBY', KEYS[2], 'accepted', 0)
-- Redis checks the permission before the id, which is invalid: nothing is appended.
refused = redis.pcall('XADD', KEYS[1], 'no-id', 'id', '')
if not string.find(refused.err, 'Invalid stream ID') then
  return refused
end
return 1

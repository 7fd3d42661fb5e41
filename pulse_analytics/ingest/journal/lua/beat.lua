-- Record a heartbeat of a worker's node, by Redis' own clock, and forget the nodes that are gone.
--
-- KEYS  workers
-- ARGV  the node's name, seconds after which a silent node is gone
-- Returns the time, in seconds since 1970

local now = tonumber(redis.call('TIME')[1])
-- The first write needs no memory: then Redis refuses none of the later ones at its memory limit.
redis.call('HDEL', KEYS[1], ARGV[1])
for _, node in ipairs(redis.call('HKEYS', KEYS[1])) do
  local silent = now - tonumber(redis.call('HGET', KEYS[1], node) or 0)
  if silent > tonumber(ARGV[2]) or silent < 0 then
    redis.call('HDEL', KEYS[1], node)
  end
end
redis.call('HSET', KEYS[1], ARGV[1], now)
return now

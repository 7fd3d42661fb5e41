-- Take a batch: entries that another consumer left or gave back, then new ones; if there are any, renew the wake-up
-- flag.
--
-- KEYS  journal, wake-up flag
-- ARGV  group, consumer, most entries, idle time in ms after which an entry is stale, life of the flag in ms
-- Returns {stale entries, new entries, more stale entries}; an entry is {id, {field, value, ...}}

local group, consumer, most, idle = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

local function claim(count)
  return redis.call('XAUTOCLAIM', KEYS[1], group, consumer, idle, '0-0', 'COUNT', count)[2]
end

-- Half for each, so that neither stale entries that keep failing nor a flood of new ones can starve the other.
local half = math.ceil(most / 2)
local stale = claim(half)
local read = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', most - #stale, 'STREAMS', KEYS[1], '>')
local new = read and read[1][2] or {}
local left = most - #stale - #new
local more = {}
if #stale == half and left > 0 then
  more = claim(left)
end
if #stale + #new > 0 then
  -- SET comes last: at its memory limit, Redis refuses a script whose first write needs memory, but taking must go on.
  redis.call('SET', KEYS[2], '1', 'PX', ARGV[5])
end
return {stale, new, more}

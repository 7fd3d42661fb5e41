-- Take a batch: entries that another consumer left or gave back, those that another one held because it did not know
-- their event, then new ones; if there are any, renew the wake-up flag.
--
-- KEYS  journal, wake-up flag
-- ARGV  group, consumer, most entries, idle time in ms after which an entry is stale, life of the flag in ms,
--       group of unknown events, then the events that this worker knows; none: it does not look for those that are held
-- Returns {stale entries, new entries, more of the first or the last, held entries};
--         an entry is {id, {field, value, ...}}

local group, consumer, most, idle = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

local function claim(count)
  return redis.call('XAUTOCLAIM', KEYS[1], group, consumer, idle, '0-0', 'COUNT', count)[2]
end

local function is_any_held()
  for _, each in ipairs(#ARGV > 6 and redis.call('XINFO', 'GROUPS', KEYS[1]) or {}) do
    for i = 1, #each, 2 do
      if each[i] == 'name' and each[i + 1] == ARGV[6] then
        return true
      end
    end
  end
  return false
end

local function free(count)
  local held = {}
  for i = 7, is_any_held() and #ARGV or 0 do
    if #held < count then
      local left = count - #held
      -- From 0 on, this reads what is pending for the consumer, which is named for the event.
      local read = redis.call('XREADGROUP', 'GROUP', ARGV[6], ARGV[i], 'COUNT', left, 'STREAMS', KEYS[1], '0')
      for _, entry in ipairs(read[1][2]) do
        if entry[2] then
          redis.call('XCLAIM', KEYS[1], group, consumer, 0, entry[1], 'FORCE', 'JUSTID')
          held[#held + 1] = entry
        end
        redis.call('XACK', KEYS[1], ARGV[6], entry[1])
      end
    end
  end
  return held
end

-- Half for each, so that neither stale entries that keep failing nor a flood of new ones can starve the other.
local half = math.ceil(most / 2)
local stale = claim(half)
local held = free(half - #stale)
local count = most - #stale - #held
local read = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', KEYS[1], '>')
local new = read and read[1][2] or {}
local left = count - #new
local more = {}
if left > 0 and #stale + #held == half then
  more = #stale == half and claim(left) or free(left)
end
if #stale + #held + #new > 0 then
  -- SET comes last: at its memory limit, Redis refuses a script whose first write needs memory, but taking must go on.
  redis.call('SET', KEYS[2], '1', 'PX', ARGV[5])
end
return {stale, new, more, held}

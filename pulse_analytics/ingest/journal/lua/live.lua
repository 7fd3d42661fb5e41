-- Read the journal's own counters, all at one moment.
--
-- KEYS  journal, ledger, settled per minute
-- ARGV  group of unknown events
-- Returns {now in ms since 1970, {accepted, settled, duplicate, parked, suppressed}, waiting, id of the oldest entry or '',
--          {settled in each of the last 60 minutes, the current one last},
--          {{event, waiting entries}, ...} of unknown events}

local time = redis.call('TIME')
local minute = math.floor(time[1] / 60)
local minutes = {}
for i = 1, 60 do
  minutes[i] = minute - 60 + i
end

local function numbers(key, fields)
  local held = redis.call('HMGET', key, unpack(fields))
  for i = 1, #fields do
    held[i] = tonumber(held[i] or 0)
  end
  return held
end

local function pairs_of(flat)
  local about = {}
  for i = 1, #flat, 2 do
    about[flat[i]] = flat[i + 1]
  end
  return about
end

local unknown = {}
for _, group in ipairs(redis.call('EXISTS', KEYS[1]) == 1 and redis.call('XINFO', 'GROUPS', KEYS[1]) or {}) do
  if pairs_of(group).name == ARGV[1] then
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
      local about = pairs_of(consumer)
      if about.pending > 0 then
        unknown[#unknown + 1] = {about.name, about.pending}
      end
    end
  end
end

local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
return {
  time[1] * 1000 + math.floor(time[2] / 1000),
  numbers(KEYS[2], {'accepted', 'settled', 'duplicate', 'parked', 'suppressed'}),
  redis.call('XLEN', KEYS[1]),
  oldest and oldest[1] or '',
  numbers(KEYS[3], minutes),
  unknown,
}

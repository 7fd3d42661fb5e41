-- Accept reports: for each in turn, if its dedupe key is free, append it to the journal and claim the key.
--
-- KEYS  journal, ledger, wake-up flag, then the dedupe key of each report; if its viewer has other forms, then the key
--       of each report under the first other form, and so on: these must be free as well, but are not claimed
-- ARGV  dedupe TTL in s (0: no dedupe), life of the wake-up flag in ms,
--       then for each report: id, videoId, event, userId, ts, receivedAt
-- Returns {1 if the caller must wake a worker else 0, then for each report 1 if accepted, 0 if duplicate}

local ttl = tonumber(ARGV[1])

-- Redis does not undo the writes of a script that fails. So this one checks the ledger's type before it writes. If the
-- memory is full or the journal is of another type, it fails at the first append, before its claim.
redis.call('HLEN', KEYS[2])

local reports = (#ARGV - 2) / 6

local function is_claimed(report)
  for key = 3 + report, #KEYS, reports do
    if redis.call('EXISTS', KEYS[key]) == 1 then
      return true
    end
  end
  return false
end

local answer, accepted = {0}, 0
for report = 1, reports do
  local key, first = KEYS[3 + report], 3 + (report - 1) * 6
  if ttl > 0 and is_claimed(report) then
    answer[1 + report] = 0
  else
    redis.call('XADD', KEYS[1], '*',
      'id', ARGV[first], 'videoId', ARGV[first + 1], 'event', ARGV[first + 2],
      'userId', ARGV[first + 3], 'ts', ARGV[first + 4], 'receivedAt', ARGV[first + 5])
    if ttl > 0 then
      redis.call('SET', key, ARGV[first], 'NX', 'EX', ttl)
    end
    answer[1 + report] = 1
    accepted = accepted + 1
  end
end

local duplicates = reports - accepted
if duplicates > 0 then
  redis.call('HINCRBY', KEYS[2], 'duplicate', duplicates)
end
if accepted > 0 then
  redis.call('HINCRBY', KEYS[2], 'accepted', accepted)
  -- One wake-up serves all events that are accepted while its flag lives.
  if redis.call('SET', KEYS[3], '1', 'NX', 'PX', ARGV[2]) then
    answer[1] = 1
  end
end
return answer

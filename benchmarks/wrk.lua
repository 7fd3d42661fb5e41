-- Distinct reports for wrk: wrk ... -s wrk.lua URL -- first number, videos, ts, reports in a request
-- Ends by printing one line of JSON: what came back, and the latencies in us.

local number, videos, ts, batch

function init(arguments)
  number, videos, ts, batch = tonumber(arguments[1]), tonumber(arguments[2]), arguments[3], tonumber(arguments[4])
  wrk.method, wrk.headers['Content-Type'] = 'POST', 'application/json'
  wrk.path = batch == 1 and '/analytics' or '/analytics/batch'
end

local function report()
  number = number + 1
  return string.format(
    '{"videoId":"v%010d","event":"watched_50_percent","userId":"%08x-0000-4000-8000-000000000000","ts":%s}',
    number % videos, number, ts)
end

function request()
  if batch == 1 then
    return wrk.format(nil, nil, nil, report())
  end
  local reports = {}
  for i = 1, batch do
    reports[i] = report()
  end
  return wrk.format(nil, nil, nil, '{"events":[' .. table.concat(reports, ',') .. ']}')
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('\n{"requests": %d, "us": %d, "p50": %d, "p99": %d, "errors": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

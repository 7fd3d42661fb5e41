-- Rewrite dead letters: each is appended again with another event id, user id and reason, and deleted. The ledger counts
-- as many as before.
--
-- KEYS  dead letters
-- ARGV  for each letter: its id, the event id ('': its own), the user id, the reason
-- Returns how many still existed

local rewritten = 0
for i = 1, #ARGV, 4 do
  local letter = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
  if letter then
    local values = {id = ARGV[i + 1], userId = ARGV[i + 2], parkedReason = ARGV[i + 3]}
    local fields = letter[2]
    for field = 1, #fields, 2 do
      local value = values[fields[field]]
      if value and value ~= '' then
        fields[field + 1] = value
      end
    end
    redis.call('XADD', KEYS[1], '*', unpack(fields))
    redis.call('XDEL', KEYS[1], ARGV[i])
    rewritten = rewritten + 1
  end
end
return rewritten

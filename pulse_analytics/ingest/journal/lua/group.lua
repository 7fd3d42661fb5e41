-- Create the group, from the journal's first entry on, unless it exists.
--
-- KEYS  journal
-- ARGV  group, group of unknown events
-- Returns 1 if it was created, else 0

local created = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if created.err then
  return string.find(created.err, 'BUSYGROUP') and 0 or created
end
-- All entries are unread now, also those that were held.
redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[2])
return 1

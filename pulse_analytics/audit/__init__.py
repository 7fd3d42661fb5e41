"""`pulse audit`: is every accepted event accounted for? `pulse rebuild`: make the counters what the raw events say.

commands.py       the two commands; audit: look at the journal, recount, look at the journal again
rebuild.py        rebuild: recount, then add to each counter what it lacks
summary.py        what either has found, in a few lines
recount.py        the comparison of raw events and counters that both rest on, in one snapshot
one_at_a_time.py  one rebuild at a time
tables.py         the temporary tables of a recount
event_days.py     the day of a raw event, in SQL
slices.py         a slice of a table, in the order of a key
"""

"""`pulse audit`: is every accepted event accounted for? `pulse rebuild`: recompute the counters from the raw events.

commands.py       the two commands; audit: read the journal's figures, recount, read them again
rebuild.py        rebuild: recount, then add the missing amount to each counter
summary.py        the findings of audit and rebuild, in a few lines
recount.py        the comparison of raw events and counters that both use, in one snapshot
one_at_a_time.py  one rebuild at a time
tables.py         the temporary tables of a recount
"""

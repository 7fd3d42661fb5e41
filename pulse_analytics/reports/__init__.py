"""The read path: queries over aggregates only. Its guard is web/admin.py.

views.py      GET /admin/analytics/...: parse, query, answer
live.py       GET /admin/analytics/live: the only report that reads the journal
schemas.py    query parameters, or 400
export.py     the counts as CSV, a chunk at a time
ranking.py    a page of the ranking: of all time, or of a range of days
threshold.py  the ranking of a range, without summing every video
queries.py    sums, series, one video's counts
funnel.py     how many views got from each milestone to the next
paging.py     which page of which ranking, and the cursor to the next
counts.py     the counters of the event types, and how answers spell them
search.py     the videos that a search finds, by title, id or tag
days.py       a range of days
"""

"""The read path: queries over aggregates only. Its guard is web/admin.py.

views.py      GET /admin/analytics/...: parse, ask, answer
live.py       GET /admin/analytics/live: the one report that asks the journal
schemas.py    query parameters, or 400
export.py     the counts as CSV, a chunk at a time
ranking.py    a page of the ranking: of all time, or of a range of days
threshold.py  the ranking of a range, without adding up every video
queries.py    sums, series, what is known of one video
paging.py     which page of which ranking, and the cursor to the next
days.py       a range of days
search.py     the search: ids that begin with a text
"""

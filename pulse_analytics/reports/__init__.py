"""The read path: queries over aggregates only.

views.py      GET /admin/analytics/...: parse, ask, answer (/live, which asks the journal, is pulse_analytics/live.py)
sign_in.py    GET, POST, DELETE /admin/session
auth.py       who may read
schemas.py    query parameters, or 400
export.py     the counts as CSV, a chunk at a time
ranking.py    a page of the ranking: of all time, or of a range of days
threshold.py  the ranking of a range, without adding up every video
queries.py    sums, series, what is known of one video
pages.py      which page of which ranking, and the cursor to the next
days.py       a range of days
prefix.py     the search: ids that begin with a text
"""

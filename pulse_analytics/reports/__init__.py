"""The read path: queries over aggregates only.

views.py     GET /admin/analytics/...
sign_in.py   GET, POST, DELETE /admin/session
auth.py      who may read
schemas.py   query parameters, or 400
queries.py   what is read
"""

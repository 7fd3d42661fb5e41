"""The admin page in real Chromium, on a real stack whose parts are stopped one by one.

conftest.py       the fixtures
stack.py          AdminStack: Valkey, database, web and worker, each of which a test may stop
web.py            Web: one web process
database.py       Database: direct access to the tables; writes a history, reads the raw events
counts.py         Counts: how often each video was watched on each day
words.py          how the page writes numbers and days
visit.py          Visit: a visitor of the page, and what it shows
complaints.py     Complaints: errors that the browser reported
measure.py        how long a cold load takes; `python -m tests.browser.admin.measure` prints it
"""

"""The admin page in real Chromium, on a real stack whose parts are stopped one by one.

conftest.py       the fixtures
stack.py          AdminStack: Valkey, database, web and worker, each of which a test may take away
web.py            Web: one web process
database.py       Database: the tables past the application; writes a history, reads the raw events
counts.py         Counts: how often which video was watched on which day
words.py          how the page writes numbers and days
visit.py          Visit: who looks at the page, and what it shows them
complaints.py     Complaints: what the browser complained of
measure.py        how long a cold load takes; `python -m tests.browser.admin.measure` says it
"""

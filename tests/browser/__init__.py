"""Real Chromium against the real stack; every test ends in the database's count.

conftest.py       the fixtures
chromium.py       where Chromium and Xvfb come from, and what Chromium is started with
stack.py          Stack: `pulse up` with a Valkey that tests may kill
site.py           Site: a web site that is not ours, with the harness pages and the clips
stage.py          Stage: one test's page, videos, reports and counts
accessibility.py  what axe says of a page, and what a press of Tab leads to
make_media.py     makes the clips in media/
admin/            the same for the admin page, whose stack can be stopped part by part
../../frontend/player/tests/browser/   the harness pages' sources; beside it packed/, what tests add to examples/
"""

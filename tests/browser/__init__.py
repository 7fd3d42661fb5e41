"""Real Chromium, or Firefox, against the real stack; every test ends by checking the count in the database.

conftest.py       the fixtures
chromium.py       finds or installs Chromium and Xvfb; Chromium's flags
firefox.py        finds Firefox, for `--browser firefox`; bidi_relay.py is between it and Playwright
stack.py          Stack: `pulse up` with a Valkey that tests may kill
site.py           Site: a third-party web site with the harness pages and the clips
stage.py          Stage: one test's page, videos, reports and counts
accessibility.py  axe's findings on a page, and where the Tab key leads
make_media.py     generates the clips in media/
admin/            the same for the admin page, whose stack can be stopped part by part
../../frontend/player/tests/browser/   the sources of the harness pages; beside it packed/, what tests add to examples/
"""

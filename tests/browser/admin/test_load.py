"""Loading the page: layout shifts, size of scripts, requests, and the Content-Security-Policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.admin.counts import DAY, Counts
from tests.browser.admin.measure import load
from tests.browser.admin.visit import Visit, path_of

if TYPE_CHECKING:
    from datetime import date

    from playwright.sync_api import Browser

    from tests.browser.admin.stack import AdminStack

pytestmark = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)

MOST_SHIFT = 0.01
MOST_SCRIPT_BYTES = 120_000
# Much more than it takes, because test machines are busy. `python -m tests.browser.admin.measure` measures it.
MOST_FIRST_PAINT_MS = 5000


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_nothing_shifts_while_the_page_loads(
    browser: Browser, stack: AdminStack, prefix: str, today: date, width: int
) -> None:
    stack.database.write(Counts({(f"{prefix}{number:02}", today - number * DAY): 9 + number for number in range(40)}))
    for path in ("/admin", path_of(f"{prefix}07")):
        loaded = load(browser, stack.url, path, width)
        assert loaded.shift < MOST_SHIFT, path
        assert 0 < loaded.first_paint_ms < MOST_FIRST_PAINT_MS
        assert 0 < loaded.script_bytes <= MOST_SCRIPT_BYTES


@pytest.mark.parametrize("path", ["/admin", "/admin/videos/a%2Fb"])
def test_the_csp_allows_nothing_inline_and_nothing_from_other_origins(guest: Visit, path: str) -> None:
    answer = guest.page.goto(guest.url + path)
    assert answer
    policy = dict(part.split(maxsplit=1) for part in answer.headers["content-security-policy"].split("; "))
    assert {policy[kind] for kind in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert {policy[kind] for kind in ("default-src", "base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_a_csp_violation_would_fail_a_test(visit: Visit) -> None:
    visit.open()
    visit.page.evaluate("document.head.append(Object.assign(document.createElement('script'), { text: 'alert(1)' }))")
    (complaint,) = visit.complaints.unexpected()
    assert "Content Security Policy" in complaint
    visit.complaints.expect("Executing inline script violates|Refused to execute inline script")


def test_the_page_requests_only_its_own_server(visit: Visit) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.open()
    visit.chart.wait_for()
    assert [url for url in asked if not url.startswith(f"{visit.url}/")] == []

"""Who may sign in, who may not, and what the page says."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from pulse_analytics.config import SESSION_SECONDS
from tests.browser.admin.counts import Counts
from tests.browser.admin.visit import Visit, eventually
from tests.browser.conftest import SHOP
from tests.conftest import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from playwright.sync_api import Page

    from tests.browser.admin.stack import AdminStack
    from tests.browser.site import Site

pytestmark = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)

SESSION = "/admin/session"
FETCH = """async ([url, init]) => {
  try {
    const answer = await fetch(url, init);
    return answer.type === 'opaque' ? 'unreadable' : answer.status;
  } catch {
    return 'blocked';
  }
}"""

CHANGES = {"POST", "DELETE"}
TRIES: dict[str, tuple[str, dict[str, Any]]] = {
    "read": ("/admin/analytics/top", {}),
    "learn": (SESSION, {}),
    "sign out": (SESSION, {"method": "DELETE", "headers": {"X-CSRF-Token": "forged"}}),
    "sign in": (SESSION, {"method": "POST", "mode": "no-cors", "body": json.dumps({"token": TOKEN})}),
    # Without CORS, like a beacon: other sites' players report that way, and a blocked answer would be a browser error.
    "report": ("/analytics", {"method": "POST", "mode": "no-cors", "body": "{}"}),
}


@pytest.fixture
def another_site(guest: Visit, site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the host `request.param`, in the browser of a signed-in visitor; any browser error is allowed."""
    guest.complaints.expect("")
    page = guest.enter().page.context.new_page()
    page.goto(f"{site.origin(request.param)}/away.html")
    yield page
    page.close()


def test_signing_out_leaves_no_numbers_behind(visit: Visit, stack: AdminStack, prefix: str, today: date) -> None:
    stack.database.write(Counts({(f"{prefix}a", today): 2}))
    visit.open(f"/admin?q={prefix}").shows(stack.database.counts().last_days(30, today), prefix)
    visit.video_link(f"{prefix}a").click()
    visit.page.get_by_role("term").first.wait_for()
    assert visit.asks() == 200
    visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.sign_in_form).to_be_visible()
    assert visit.asks() == 401
    visit.page.go_back()
    expect(visit.sign_in_form).to_be_visible()
    for numbers in (visit.table, visit.chart, visit.page.get_by_test_id("total"), visit.pipeline):
        expect(numbers).to_have_count(0)


def test_after_signing_out_the_back_button_shows_no_numbers(visit: Visit) -> None:
    visit.open()
    visit.chart.wait_for()
    visit.page.goto("about:blank")
    visit.page.context.clear_cookies()
    visit.page.go_back()
    expect(visit.sign_in_form).to_be_visible()
    expect(visit.chart).to_have_count(0)


def test_a_wrong_token_is_refused_and_the_right_one_accepted(guest: Visit) -> None:
    guest.complaints.expect_failed_requests("401")
    guest.open("/admin?range=7d").sign_in("wrong")
    expect(guest.page.get_by_role("alert")).to_have_text("That is not the admin token.")
    expect(guest.page.get_by_label("Admin token")).to_be_focused()
    guest.sign_in()
    expect(guest.page.get_by_role("heading", name="What people watch")).to_be_visible()
    assert guest.address == "/admin?range=7d"


def test_after_five_wrong_tries_the_page_says_how_long_to_wait(guest: Visit, stack: AdminStack) -> None:
    guest.complaints.expect_failed_requests("401|429")
    stack.forget_wrong_tries()
    alert = guest.open().page.get_by_role("alert")
    for number in range(5):
        with guest.page.expect_response(f"**{SESSION}"):
            guest.sign_in(f"wrong-{number}")
        expect(alert).to_have_text("That is not the admin token.")
    guest.sign_in()
    expect(alert).to_have_text(re.compile(r"Too many wrong tries\. Try again in [1-6]?\d seconds\."))
    stack.forget_wrong_tries()
    guest.sign_in()
    expect(guest.page.get_by_role("heading", name="What people watch")).to_be_visible()


def test_without_a_configured_token_the_page_says_so(guest: Visit, stack: AdminStack) -> None:
    guest.complaints.expect_failed_requests("503")
    with stack.another_web(PULSE_ADMIN_TOKEN="") as web:
        guest.at(web.url).open()
        expect(guest.page.get_by_role("alert")).to_contain_text("No admin token is configured: set PULSE_ADMIN_TOKEN.")
        expect(guest.page.get_by_label("Admin token")).to_have_count(0)


def test_without_a_server_the_sign_in_form_says_so(guest: Visit, stack: AdminStack) -> None:
    guest.complaints.expect_failed_requests("net::ERR_")
    guest.open()
    with stack.without_web():
        guest.sign_in()
        expect(guest.page.get_by_role("alert")).to_contain_text("The server does not answer")
    guest.sign_in()
    expect(guest.page.get_by_role("heading", name="What people watch")).to_be_visible()


def test_signing_in_after_the_session_ended_shows_the_same_page(
    visit: Visit, stack: AdminStack, prefix: str, today: date
) -> None:
    visit.complaints.expect_failed_requests("401")
    stack.database.write(Counts({(f"{prefix}a", today): 2}))
    address = f"/admin?range=7d&q={prefix}"
    visit.stop_waiting().open(address).shows(stack.database.counts().last_days(7, today), prefix)
    visit.page.context.clear_cookies()
    visit.later()
    expect(visit.sign_in_form).to_be_visible()
    expect(visit.page.get_by_text("Your session ended")).to_be_visible()
    visit.sign_in().shows(stack.database.counts().last_days(7, today), prefix)
    assert visit.address == address


def test_a_changed_token_ends_every_session(guest: Visit, stack: AdminStack) -> None:
    # Several requests find out at once that the session ended, so they may renew its CSRF token twice, and one fails.
    guest.complaints.expect_failed_requests("401|403|net::ERR_")
    with stack.another_web(PULSE_ADMIN_TOKEN="the-first-token-of-all") as web:
        guest.at(web.url).enter("the-first-token-of-all").stop_waiting().open()
        guest.chart.wait_for()
    with stack.another_web(port=web.port, PULSE_ADMIN_TOKEN="the-second-token-of-all"):
        guest.comes_to_say(guest.page.get_by_role("main"), "Your session ended")
        guest.sign_in("the-second-token-of-all")
        expect(guest.page.get_by_role("heading", name="What people watch")).to_be_visible()


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_ends_with_the_session(visit: Visit) -> None:
    visit.open()
    (cookie,) = visit.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/admin")
    assert abs(cookie["expires"] - time.time() - SESSION_SECONDS) < 60
    assert visit.page.evaluate("document.cookie") == ""


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_change_without_the_csrf_token_is_refused(visit: Visit, method: str) -> None:
    visit.complaints.expect_failed_requests("403")
    visit.open()
    for headers in ({}, {"X-CSRF-Token": "forged"}):
        init: dict[str, Any] = {"method": method, "headers": {"Content-Type": "application/json", **headers}}
        if method == "POST":
            init["body"] = json.dumps({"token": TOKEN})
        assert visit.page.evaluate(FETCH, [SESSION, init]) == 403
    assert visit.asks() == 200


# To the browser, the second host is the same site, so it sends the cookie.
@pytest.mark.parametrize("another_site", [SHOP, "127.0.0.1"], indirect=True)
def test_another_site_can_neither_read_nor_change_anything(guest: Visit, another_site: Page) -> None:
    changed: list[int] = []
    another_site.on("response", lambda got: changed.append(got.status) if got.request.method in CHANGES else None)
    outcomes = {
        what: another_site.evaluate(FETCH, [guest.url + path, {"credentials": "include", **init}])
        for what, (path, init) in TRIES.items()
    }
    assert outcomes == {**dict.fromkeys(TRIES, "blocked"), "report": "unreadable"}
    assert [status for status in changed if status < 400] == []
    assert guest.asks() == 200


@pytest.mark.parametrize("another_site", [SHOP], indirect=True)
@pytest.mark.parametrize("path", ["/admin", SESSION])
def test_a_link_on_another_site_leads_to_the_page_and_signs_nobody_out(
    guest: Visit, another_site: Page, path: str
) -> None:
    another_site.evaluate("url => { location.href = url; }", guest.url + path)
    another_site.wait_for_url(f"{guest.url}/admin")
    another_site.get_by_role("heading", name="What people watch").wait_for()
    assert guest.asks() == 200


@pytest.mark.parametrize("another_site", [SHOP], indirect=True)
def test_another_site_cannot_frame_the_page(guest: Visit, another_site: Page) -> None:
    another_site.set_content(f"<iframe src='{guest.url}/admin' onload='window.loaded = true'></iframe>")
    eventually(lambda: another_site.evaluate("window.loaded"), expected=True)
    assert [frame.url for frame in another_site.frames[1:]] == ["chrome-error://chromewebdata/"]

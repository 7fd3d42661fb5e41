"""Accessibility of every state of the page: axe finds nothing, and nothing overflows a narrow window."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import faults
from tests.browser.admin.counts import DAY, Counts
from tests.browser.admin.visit import Visit, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.admin.database import Database
    from tests.browser.admin.stack import AdminStack
    from tests.browser.admin.web import Web

    State = Callable[[Visit, AdminStack], AbstractContextManager[None]]

pytestmark = pytest.mark.parametrize("stack", ["postgresql"], indirect=True)

# The numbers of the chart's scale: axe cannot judge a single digit, or text that a line passes behind.
SCALE = r"color-contrast: <b>[\d,]+</b>"
WIDTHS = (320, 768, 1440)
WATCHED = "accessible-"
"""The prefix of the ids of these tests' videos."""
FEW = f"/admin?q={WATCHED}0"


@pytest.fixture(scope="session", autouse=True)
def history(postgresql_stack: AdminStack) -> None:
    """More videos than fit on a page."""
    today = datetime.now(UTC).date()
    videos = {(f"{WATCHED}{number:02}", today - number % 9 * DAY): 1 + number for number in range(60)}
    postgresql_stack.database.write(Counts(videos))


@pytest.fixture(scope="module")
def empty_web(postgresql_stack: AdminStack, own_database: Database) -> Iterator[Web]:
    """A web process on an empty database."""
    with postgresql_stack.another_web(PULSE_DATABASE_URL=own_database.url) as web:
        yield web


@contextmanager
def signing_in(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.page.context.clear_cookies()
    visit.open()
    expect(visit.sign_in_form).to_be_visible()
    yield


@contextmanager
def a_wrong_token(visit: Visit, stack: AdminStack) -> Iterator[None]:
    with signing_in(visit, stack):
        stack.forget_wrong_tries()
        visit.sign_in("wrong")
        expect(visit.page.get_by_role("alert")).to_contain_text("not the admin token")
        yield


@contextmanager
def a_session_that_ended(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.stop_waiting().open(FEW)
    visit.page.context.clear_cookies()
    visit.comes_to_say(visit.page.get_by_role("main"), "Your session ended")
    yield


@contextmanager
def loading(visit: Visit, _: AdminStack) -> Iterator[None]:
    # The route never continues the request, so the answer does not come.
    visit.page.route("**/admin/analytics/top*", lambda _: None)
    visit.open()
    expect(visit.page.get_by_role("status").filter(has_text="Loading")).to_be_attached()
    yield
    visit.page.unroute_all(behavior="ignoreErrors")


@contextmanager
def no_views_in_the_range(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.open("/admin?since=1990-01-01&until=1990-01-08")
    expect(visit.page.get_by_text("No views in this range")).to_be_visible()
    yield


@contextmanager
def no_match(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.open(f"/admin?q={WATCHED}none")
    expect(visit.page.get_by_text("No video begins with")).to_be_visible()
    yield


@contextmanager
def the_ranking(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.open(FEW)
    expect(visit.table).to_be_visible()
    yield


@contextmanager
def days_of_ones_own(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.open(FEW)
    visit.page.get_by_role("button", name="Custom").click()
    visit.page.get_by_label("From").fill("2030-01-01")
    visit.page.get_by_role("button", name="Show").click()
    yield


@contextmanager
def a_day_that_is_read(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.open(FEW)
    visit.chart.hover()
    yield


@contextmanager
def a_video(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.open(path_of(f"{WATCHED}07"))
    expect(visit.chart).to_be_visible()
    yield


@contextmanager
def an_unknown_video(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.open(path_of(f"{WATCHED}none"))
    expect(visit.page.get_by_role("heading", name="Nobody has watched this video")).to_be_visible()
    yield


@contextmanager
def no_such_page(visit: Visit, _: AdminStack) -> Iterator[None]:
    visit.open("/admin/videos/%25")
    visit.page.evaluate("history.pushState(null, '', '/admin/nothing'); dispatchEvent(new PopStateEvent('popstate'))")
    expect(visit.page.get_by_role("heading", name="There is no such page")).to_be_visible()
    yield


@contextmanager
def views_that_wait(visit: Visit, stack: AdminStack) -> Iterator[None]:
    visit.stop_waiting().open(FEW)
    with stack.with_frozen_worker():
        stack.watch(f"{WATCHED}waiting", times=2)
        visit.comes_to_say(visit.pipeline, "2 views wait to be counted")
        yield
    stack.wait_until_counted()


@contextmanager
def reports_that_were_parked(visit: Visit, stack: AdminStack) -> Iterator[None]:
    visit.stop_waiting().open(FEW)
    with stack.with_dead_letters(1):
        visit.comes_to_say(visit.pipeline, "1 report could not be recorded")
        yield


@contextmanager
def numbers_that_are_old(visit: Visit, stack: AdminStack) -> Iterator[None]:
    visit.stop_waiting().open(FEW)
    expect(visit.table).to_be_visible()
    with stack.without_database():
        visit.comes_to_say(visit.stale, "the database does not answer")
        yield


@contextmanager
def numbers_that_cannot_be_had(visit: Visit, stack: AdminStack) -> Iterator[None]:
    with stack.without_database():
        visit.open()
        expect(visit.page.get_by_role("main").get_by_role("alert")).to_contain_text("There are no numbers to show")
        yield


MAIN_STATES: list[State] = [signing_in, the_ranking, a_video]
OTHER_STATES: list[State] = [
    a_wrong_token,
    a_session_that_ended,
    loading,
    no_views_in_the_range,
    no_match,
    days_of_ones_own,
    a_day_that_is_read,
    an_unknown_video,
    no_such_page,
    views_that_wait,
    reports_that_were_parked,
    numbers_that_are_old,
    numbers_that_cannot_be_had,
]


def _name(state: State) -> str:
    return state.__name__.replace("_", " ")


@pytest.mark.parametrize("state", MAIN_STATES, ids=_name)
def test_axe_finds_nothing_at_any_width_light_or_dark(visit: Visit, stack: AdminStack, state: State) -> None:
    with state(visit, stack):
        assert _faults(visit, WIDTHS, ("light", "dark")) == {}


@pytest.mark.parametrize("state", OTHER_STATES, ids=_name)
def test_axe_finds_nothing_in_any_state(visit: Visit, stack: AdminStack, state: State) -> None:
    visit.complaints.expect_failed_requests("401|404|503|net::ERR_")
    with state(visit, stack):
        assert _faults(visit, (320,), ("light", "dark")) == {}


def test_axe_finds_nothing_without_any_views(visit: Visit, empty_web: Web) -> None:
    visit.at(empty_web.url).enter().open("/admin?range=all")
    expect(visit.page.get_by_text("Nobody has watched anything yet")).to_be_visible()
    assert _faults(visit, (320,), ("light", "dark")) == {}


def _faults(visit: Visit, widths: tuple[int, ...], schemes: tuple[Any, ...]) -> dict[str, list[str]]:
    """Axe's findings and overflows, by window width and colour scheme."""
    found: dict[str, list[str]] = {}
    for width in widths:
        visit.page.set_viewport_size({"width": width, "height": 800})
        found[f"{width} pixels"] = [f"{visit.overflow()} too many"] if visit.overflow() else []
        for scheme in schemes:
            visit.page.emulate_media(color_scheme=scheme)
            found[f"{width} pixels, {scheme}"] = faults(visit.page, left_to_people=SCALE)
    return {where: what for where, what in found.items() if what}

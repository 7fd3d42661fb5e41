"""What the page says while a part of the stack is down, and afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.admin.counts import Counts
from tests.browser.admin.visit import Visit, eventually

if TYPE_CHECKING:
    from datetime import date

    from tests.browser.admin.stack import AdminStack

pytestmark = pytest.mark.parametrize("stack", ["postgresql"], indirect=True)


@pytest.fixture
def looking(visit: Visit, stack: AdminStack, prefix: str, today: date) -> Visit:
    """A visitor who sees a video with 1,204 views, on a page whose clock can be advanced."""
    stack.database.write(Counts({(f"{prefix}a", today): 1204}))
    visit.stop_waiting().open(f"/admin?q={prefix}").shows(stack.database.counts().last_days(30, today), prefix)
    expect(visit.pipeline).to_contain_text("All counted")
    return visit


def test_while_the_worker_hangs_the_page_says_how_many_views_wait(
    looking: Visit, stack: AdminStack, prefix: str, today: date
) -> None:
    with stack.with_frozen_worker():
        stack.watch(f"{prefix}a")
        looking.comes_to_say(looking.pipeline, "1 view waits to be counted")
        stack.watch(f"{prefix}a", times=2)
        looking.comes_to_say(looking.pipeline, "3 views wait to be counted")
        assert [row.views for row in looking.ranking()] == ["1,204"]
    _all_is_well(looking, stack, prefix, today, "1,207")


@pytest.mark.nightly
def test_without_a_worker_the_page_asks_whether_it_runs(
    looking: Visit, stack: AdminStack, prefix: str, today: date
) -> None:
    with stack.without_worker():
        stack.watch(f"{prefix}a", times=2)
        looking.comes_to_say(looking.pipeline, "2 views wait to be counted")
        expect(looking.pipeline).not_to_contain_text("Is a worker running?")
        looking.comes_to_say(looking.pipeline, "Is a worker running?")
        assert re.search(r"the oldest for \d\d s", looking.pipeline.inner_text())
    _all_is_well(looking, stack, prefix, today, "1,206")


def test_without_the_database_the_last_numbers_stay_and_show_their_age(
    looking: Visit, stack: AdminStack, prefix: str, today: date
) -> None:
    looking.complaints.expect_failed_requests("503")
    shown = looking.total(), looking.ranking(), looking.bars()
    with stack.without_database():
        looking.comes_to_say(looking.stale, "the database does not answer")
        expect(looking.stale).to_contain_text("less than a minute old")
        stack.watch(f"{prefix}a")
        looking.later(180)
        expect(looking.stale).to_contain_text(re.compile("[34] minutes old"))
        assert (looking.total(), looking.ranking(), looking.bars()) == shown
        looking.comes_to_say(looking.pipeline, "1 view waits to be counted")
    _all_is_well(looking, stack, prefix, today, "1,205")


def test_without_the_database_from_the_start_the_page_says_why_it_is_empty_until_it_is_back(
    visit: Visit, stack: AdminStack, today: date
) -> None:
    visit.complaints.expect_failed_requests("503")
    with stack.without_database():
        visit.stop_waiting().open()
        expect(visit.page.get_by_role("main").get_by_role("alert")).to_contain_text("the database does not answer")
    visit.comes_to_say(visit.page.get_by_role("main"), "Rank")
    visit.shows(stack.database.counts().last_days(30, today))


def test_without_the_journal_the_page_says_so_and_its_numbers_stay_fresh(
    looking: Visit, stack: AdminStack, prefix: str, today: date
) -> None:
    looking.complaints.expect_failed_requests("503")
    with stack.without_journal():
        looking.comes_to_say(looking.pipeline, "Redis does not answer")
        expect(looking.stale).to_have_count(0)
        assert [row.views for row in looking.ranking()] == ["1,204"]
    looking.comes_to_say(looking.pipeline, "All counted")
    stack.watch(f"{prefix}a")
    stack.wait_until_counted()
    _all_is_well(looking, stack, prefix, today, "1,205")


def test_without_the_server_the_page_says_so_and_keeps_its_numbers(
    looking: Visit, stack: AdminStack, prefix: str, today: date
) -> None:
    looking.complaints.expect_failed_requests("net::ERR_")
    shown = looking.total(), looking.ranking(), looking.bars()
    with stack.without_web():
        looking.comes_to_say(looking.pipeline, "The server does not answer")
        looking.comes_to_say(looking.stale, "the server does not answer")
        assert (looking.total(), looking.ranking(), looking.bars()) == shown
    _all_is_well(looking, stack, prefix, today, "1,204")


def test_dead_letters_are_reported_until_they_are_handled(looking: Visit, stack: AdminStack) -> None:
    with stack.with_dead_letters(3):
        looking.comes_to_say(looking.pipeline, "3 reports could not be recorded")
    looking.comes_to_say(looking.pipeline, "All counted")
    eventually(lambda: "could not" in looking.later().pipeline.inner_text(), expected=False)


def _all_is_well(visit: Visit, stack: AdminStack, prefix: str, today: date, views: str) -> None:
    """Assert that everything is counted and the page, without a reload, says so."""
    stack.wait_until_counted()
    visit.comes_to_say(visit.pipeline, "All counted")
    eventually(lambda: [row.views for row in visit.later().ranking()], [views])
    visit.shows(stack.database.counts().last_days(30, today), prefix)
    eventually(lambda: visit.later().stale.count() == 0, expected=True)

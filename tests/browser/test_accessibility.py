"""Accessibility of the demo site: axe, and use by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import FOCUSED, faults, tab_stops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.stack import Stack

# At least as many as the browser's own video controls have.
MOST_CONTROLS = 12

WIDE, NARROW = (1280, 800), (390, 844)
FILM = "/watch/tides"
PAGES = {
    "feed": "/",
    "film": FILM,
    "no such film": "/watch/nothing",
    "a stray percent sign": "/watch/%25",
    "the API": "/docs",
}
FILMS = [
    "/watch/tides",
    "/watch/night-train",
    "/watch/pendulums",
    "/watch/orbits",
    "/watch/lanterns",
    "/watch/one-turn",
]

pytestmark = pytest.mark.usefixtures("built_site")

nightly = pytest.mark.nightly
sizes = pytest.mark.parametrize("size", [WIDE, pytest.param(NARROW, marks=nightly)], ids=["1280", "390"])
schemes = pytest.mark.parametrize("scheme", [pytest.param("light", marks=nightly), "dark"])
looks = pytest.mark.parametrize(
    ("scheme", "size"),
    [
        ("light", WIDE),
        ("dark", NARROW),
        pytest.param("light", NARROW, marks=nightly),
        pytest.param("dark", WIDE, marks=nightly),
    ],
    ids=["light-1280", "dark-390", "light-390", "dark-1280"],
)


@pytest.fixture
def scheme() -> str:
    """The colour scheme that the visitor prefers: light or dark."""
    return "light"


@pytest.fixture
def size() -> tuple[int, int]:
    """The size of the window."""
    return WIDE


@pytest.fixture
def visitor(browser: Browser, stack: Stack, scheme: Any, size: tuple[int, int]) -> Iterator[Page]:
    """A page of a visitor of the site."""
    width, height = size
    viewport: Any = {"width": width, "height": height}
    with browser.new_context(base_url=stack.url, color_scheme=scheme, viewport=viewport) as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert errors == []


@looks
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing(visitor: Page, path: str) -> None:
    _open(visitor, path)
    assert faults(visitor) == []


@schemes
def test_axe_finds_nothing_when_a_film_has_counted(visitor: Page) -> None:
    _open(visitor, FILM)
    visitor.locator("video").evaluate("video => { video.playbackRate = 16; return video.play(); }")
    visitor.locator("[role=status][data-passed=true]").wait_for()
    assert faults(visitor) == []


@schemes
def test_axe_finds_nothing_in_the_skip_link_while_it_is_shown(visitor: Page) -> None:
    _open(visitor, "/")
    assert tab_stops(visitor, 1) == ["#content"]
    assert faults(visitor, ".skip-link") == []


@sizes
def test_the_keyboard_reaches_every_film_of_the_feed_in_order(visitor: Page) -> None:
    _open(visitor, "/")
    assert tab_stops(visitor, 9) == ["#content", "/", "button", *FILMS]


@sizes
def test_the_keyboard_reaches_the_player_and_then_the_other_films(visitor: Page) -> None:
    _open(visitor, FILM)
    assert tab_stops(visitor, 3) == ["#content", "/", "video"]
    for _ in range(MOST_CONTROLS):
        visitor.keyboard.press("Tab")
        # When the film has loaded or starts, the browser removes some of its controls. If one of these had the focus,
        # the focus is then on the page, at the same place.
        if visitor.evaluate(FOCUSED)["name"] not in {"video", "body"}:
            break
    assert [visitor.evaluate(FOCUSED)["name"], *tab_stops(visitor, 4)] == FILMS[1:]


def test_the_skip_link_skips_the_header(visitor: Page) -> None:
    _open(visitor, "/")
    visitor.keyboard.press("Tab")
    visitor.keyboard.press("Enter")
    assert visitor.evaluate("document.activeElement.id") == "content"
    assert tab_stops(visitor, 1) == ["button"]


def test_a_film_opened_by_keyboard_puts_the_focus_on_its_heading(visitor: Page) -> None:
    _open(visitor, "/")
    assert tab_stops(visitor, 4)[-1] == FILM
    visitor.keyboard.press("Enter")
    visitor.wait_for_url(f"**{FILM}")
    expect(visitor.get_by_role("heading", level=1, name="Tides")).to_be_focused()


def test_the_space_bar_plays_and_pauses_a_film(visitor: Page) -> None:
    visitor.emulate_media(reduced_motion="reduce")  # So that it does not autoplay.
    _open(visitor, FILM)
    tab_stops(visitor, 3)
    for paused in (True, False, True):
        expect(visitor.locator("video")).to_have_js_property("paused", paused)
        visitor.keyboard.press("Space")


def _open(page: Page, path: str) -> None:
    page.goto(path)
    page.get_by_role("heading", level=1).wait_for()

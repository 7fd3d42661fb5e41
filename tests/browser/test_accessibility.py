"""The demo site for those who do not see it well, and for those who have no mouse."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.site import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.stack import Stack

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# All rules that axe runs by default, good practice among them, and WCAG 2.2's size of targets.
RUN_AXE = "selector => axe.run(selector, { rules: { 'target-size': { enabled: true } } })"
# The films have no sound; axe cannot know that.
LEFT_TO_PEOPLE = {"video-caption"}

# More than the browser's own controls of a video have.
MOST_CONTROLS = 12

WIDE, NARROW = (1280, 800), (390, 844)
FILM = "/watch/tides"
PAGES = {"feed": "/", "film": FILM, "no such film": "/watch/nothing", "a stray percent sign": "/watch/%25"}
FILMS = [
    "/watch/tides",
    "/watch/night-train",
    "/watch/pendulums",
    "/watch/orbits",
    "/watch/lanterns",
    "/watch/one-turn",
]

FOCUSED = """() => {
  const { activeElement: element } = document;
  const { width, height, x, y } = element.getBoundingClientRect();
  // A card's link draws its ring around the whole card.
  const ring = [null, '::after'].some((part) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element, part);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  });
  const seen = width > 1 && height > 1 && x + width > 0 && x < innerWidth && y + height > 0 && y < innerHeight;
  return { name: element.getAttribute('href') ?? element.localName, ring, seen };
}"""

sizes = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
schemes = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module", autouse=True)
def built_site() -> None:
    """The site as its sources have it now."""
    command = [str(ROOT / "bin" / "frontend"), sys.prefix, "site"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def scheme() -> str:
    """What the visitor prefers: light or dark."""
    return "light"


@pytest.fixture
def size() -> tuple[int, int]:
    """The window."""
    return WIDE


@pytest.fixture
def visitor(browser: Browser, stack: Stack, scheme: Any, size: tuple[int, int]) -> Iterator[Page]:
    """A page of the site's visitor."""
    width, height = size
    viewport: Any = {"width": width, "height": height}
    with browser.new_context(base_url=stack.url, color_scheme=scheme, viewport=viewport) as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert errors == []


@sizes
@schemes
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing(visitor: Page, path: str) -> None:
    _open(visitor, path)
    assert _faults(visitor) == []


@schemes
def test_axe_finds_nothing_when_a_film_has_counted(visitor: Page) -> None:
    _open(visitor, FILM)
    visitor.locator("video").evaluate("video => { video.playbackRate = 16; return video.play(); }")
    visitor.locator("[role=status][data-passed=true]").wait_for()
    assert _faults(visitor) == []


@schemes
def test_axe_finds_nothing_in_the_skip_link_while_it_is_shown(visitor: Page) -> None:
    _open(visitor, "/")
    assert _tab_stops(visitor, 1) == ["#content"]
    assert _faults(visitor, ".skip-link") == []


@sizes
def test_the_keyboard_reaches_every_film_of_the_feed_in_order(visitor: Page) -> None:
    _open(visitor, "/")
    assert _tab_stops(visitor, 9) == ["#content", "/", "button", *FILMS]


@sizes
def test_the_keyboard_reaches_the_player_and_then_the_other_films(visitor: Page) -> None:
    _open(visitor, FILM)
    assert _tab_stops(visitor, 3) == ["#content", "/", "video"]
    for _ in range(MOST_CONTROLS):
        visitor.keyboard.press("Tab")
        if visitor.evaluate(FOCUSED)["name"] != "video":
            break
    assert [visitor.evaluate(FOCUSED)["name"], *_tab_stops(visitor, 4)] == FILMS[1:]


def test_the_skip_link_skips_the_header(visitor: Page) -> None:
    _open(visitor, "/")
    visitor.keyboard.press("Tab")
    visitor.keyboard.press("Enter")
    assert visitor.evaluate("document.activeElement.id") == "content"
    assert _tab_stops(visitor, 1) == ["button"]


def test_a_film_that_the_keyboard_opened_begins_at_its_heading(visitor: Page) -> None:
    _open(visitor, "/")
    assert _tab_stops(visitor, 4)[-1] == FILM
    visitor.keyboard.press("Enter")
    visitor.wait_for_url(f"**{FILM}")
    expect(visitor.get_by_role("heading", level=1, name="Tides")).to_be_focused()


def test_the_space_bar_plays_and_pauses_a_film(visitor: Page) -> None:
    visitor.emulate_media(reduced_motion="reduce")  # Then it does not begin by itself.
    _open(visitor, FILM)
    _tab_stops(visitor, 3)
    for paused in (True, False, True):
        expect(visitor.locator("video")).to_have_js_property("paused", paused)
        visitor.keyboard.press("Space")


def _open(page: Page, path: str) -> None:
    page.goto(path)
    page.get_by_role("heading", level=1).wait_for()


def _faults(page: Page, selector: str = "html") -> list[str]:
    """What axe says of a part of the page, short of what it always leaves to people."""
    # Not as a script of the page, which its Content-Security-Policy would forbid.
    page.evaluate(AXE.read_text())
    found = page.evaluate(RUN_AXE, selector)
    doubts = [fault for fault in found["incomplete"] if fault["id"] not in LEFT_TO_PEOPLE]
    assert found["passes"]
    return [f"{fault['id']}: {node['html']}" for fault in found["violations"] + doubts for node in fault["nodes"]]


def _tab_stops(page: Page, number: int) -> list[str]:
    """What that many presses of Tab lead to; each is in the window and has a ring around it."""
    stops: list[str] = []
    for _ in range(number):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["seen"], focused
        assert focused["ring"], focused
        stops.append(focused["name"])
    return stops

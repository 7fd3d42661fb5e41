"""What axe says of a page, and what a press of Tab leads to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.browser.site import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# All rules that axe runs by default, good practice among them, and WCAG 2.2's size of targets.
RUN_AXE = "selector => axe.run(selector, { rules: { 'target-size': { enabled: true } } })"
# The films have no sound; axe cannot know that.
LEFT_TO_PEOPLE = "video-caption: "

FOCUSED = """() => {
  const { activeElement: element } = document;
  const { width, height, x, y } = element.getBoundingClientRect();
  // A card's link draws its ring around the whole card.
  const ring = [null, '::after'].some((part) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element, part);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  });
  // The browser's own button within a field of a date has one of the browser's own.
  const calendar = element.matches('input[type=date]:not(:focus-visible)');
  const seen = width > 1 && height > 1 && x + width > 0 && x < innerWidth && y + height > 0 && y < innerHeight;
  const words = element.getAttribute('aria-label') ?? element.labels?.[0]?.innerText ?? element.innerText ?? '';
  return { name: element.getAttribute('href') ?? element.localName, words: words.trim(), ring: ring || calendar, seen };
}"""


class Stop(NamedTuple):
    """Where the keyboard is."""

    name: str
    """The address of a link, or the name of the element."""
    words: str
    """What it is called."""


def faults(page: Page, selector: str = "html", *, left_to_people: str = LEFT_TO_PEOPLE) -> list[str]:
    """What axe says of a part of the page, short of doubts that are left to people: those that begin so, a regular
    expression."""
    if not page.evaluate("'axe' in window"):
        # Not as a script of the page, which its Content-Security-Policy would forbid.
        page.evaluate(AXE.read_text())
    found = page.evaluate(RUN_AXE, selector)
    assert found["passes"]
    doubts = [doubt for doubt in _described(found["incomplete"]) if not re.match(left_to_people, doubt)]
    return _described(found["violations"]) + doubts


def focused(page: Page) -> Stop:
    """Where the keyboard is, which must be in the window and have a ring around it."""
    found = page.evaluate(FOCUSED)
    assert found["seen"], found
    assert found["ring"], found
    return Stop(found["name"], found["words"])


def tab_stops(page: Page, number: int) -> list[str]:
    """The names of what that many presses of Tab lead to; each is in the window and has a ring around it."""
    stops: list[str] = []
    for _ in range(number):
        page.keyboard.press("Tab")
        stops.append(focused(page).name)
    return stops


def _described(found: list[dict[str, Any]]) -> list[str]:
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]

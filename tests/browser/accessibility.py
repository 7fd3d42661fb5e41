"""Axe's findings on a page, and where the Tab key leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.browser.site import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# All rules that axe runs by default, including best practices, and WCAG 2.2's target size.
RUN_AXE = "selector => axe.run(selector, { rules: { 'target-size': { enabled: true } } })"
# The films have no sound, which axe cannot detect.
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
    """The element that has the keyboard focus."""

    name: str
    """The address of a link, or the element's tag name."""
    words: str
    """Its accessible name."""


def faults(page: Page, selector: str = "html", *, left_to_people: str = LEFT_TO_PEOPLE) -> list[str]:
    """Axe's findings on a part of the page, without those that only a person can decide, which match `left_to_people`
    (a regular expression) at their start."""
    if not page.evaluate("'axe' in window"):
        # Not as a script of the page, which its Content-Security-Policy would block.
        page.evaluate(AXE.read_text())
    found = page.evaluate(RUN_AXE, selector)
    assert found["passes"]
    doubts = [doubt for doubt in _described(found["incomplete"]) if not re.match(left_to_people, doubt)]
    return _described(found["violations"]) + doubts


def focused(page: Page) -> Stop:
    """The focused element, which must be inside the window and have a focus ring."""
    found = page.evaluate(FOCUSED)
    assert found["seen"], found
    assert found["ring"], found
    return Stop(found["name"], found["words"])


def tab_stops(page: Page, number: int) -> list[str]:
    """The names of the elements that this many presses of Tab reach; each must be in the window with a focus ring."""
    stops: list[str] = []
    for _ in range(number):
        page.keyboard.press("Tab")
        stops.append(focused(page).name)
    return stops


def _described(found: list[dict[str, Any]]) -> list[str]:
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]

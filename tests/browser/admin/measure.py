"""How long a cold load of the admin page takes. `python -m tests.browser.admin.measure` measures 10 loads."""

from __future__ import annotations

import gzip
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from playwright.sync_api import sync_playwright

from pulse_analytics.config import Settings
from tests.browser.admin.complaints import Complaints
from tests.browser.admin.counts import DAY, Counts
from tests.browser.admin.stack import AdminStack
from tests.browser.admin.visit import Visit
from tests.browser.chromium import launch_args
from tests.conftest import migrate

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Response

LOADS = 10
SETTLED_MS = 300
"""How long to watch for layout shifts after the ranking has appeared."""
OBSERVE = """() => {
  const seen = { firstPaint: 0, shift: 0 };
  window.seen = seen;
  const observe = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  observe('paint', (entry) => { if (entry.name === 'first-contentful-paint') seen.firstPaint = entry.startTime; });
  observe('layout-shift', (entry) => { if (!entry.hadRecentInput) seen.shift += entry.value; });
}"""


class ColdLoad(NamedTuple):
    """One load with an empty browser cache."""

    first_paint_ms: float
    """First contentful paint."""
    filled_ms: float
    """When the ranking appeared."""
    shift: float
    """Cumulative layout shift until SETTLED_MS after that."""
    script_bytes: int
    """The gzipped size of all loaded scripts."""


def load(browser: Browser, url: str, path: str = "/admin", width: int = 1440) -> ColdLoad:
    """Load a page as a signed-in visitor, in a new browser context."""
    with browser.new_context(locale="en-US", viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        Visit(page, url, Complaints(context)).enter()
        context.new_cdp_session(page).send("Network.clearBrowserCache")
        page.add_init_script(f"({OBSERVE})()")
        scripts: list[Response] = []
        page.on("response", lambda got: scripts.append(got) if got.request.resource_type == "script" else None)
        page.goto(url + path)
        page.get_by_role("table").or_(page.get_by_role("term")).first.wait_for()
        filled = page.evaluate("performance.now()")
        page.wait_for_timeout(SETTLED_MS)
        seen = page.evaluate("window.seen")
        script_bytes = sum(len(gzip.compress(script.body())) for script in scripts)
        return ColdLoad(seen["firstPaint"], filled, seen["shift"], script_bytes)


def main() -> None:
    """Print the median and the worst of LOADS loads."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(folder)
        migrate(Settings.parse({}, data))
        with (
            AdminStack(data, f"sqlite:///{data / 'pulse.db'}") as stack,
            playwright.chromium.launch(**launch_args()) as browser,
        ):
            today = datetime.now(UTC).date()
            stack.database.write(Counts({(f"video-{n:03}", today - n % 30 * DAY): 1 + n for n in range(200)}))
            loads = [load(browser, stack.url) for _ in range(LOADS)]
    for name, values in zip(ColdLoad._fields, zip(*loads, strict=True), strict=True):
        sys.stdout.write(f"{name}: median {statistics.median(values):.4g}, worst {max(values):.4g}\n")


if __name__ == "__main__":
    main()

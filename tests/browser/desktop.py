"""A Chromium with a window. Without one, or while Playwright is attached, a page always counts as visible."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import urllib3

from tests.browser.chromium import find_chromium, flags
from tests.facts import wait_until
from tests.servers.local_process import LocalProcess

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserType

_http = urllib3.PoolManager(retries=False, timeout=10)
_START_SECONDS = 60


class Desktop:
    """Chromium on its own X server. Playwright is attached only while it presses a key."""

    def __init__(self, folder: Path, xvfb: str, browser_type: BrowserType) -> None:
        self._browser_type = browser_type
        self._profile = folder / "profile"
        self._display = folder / "display"
        # With -displayfd it chooses a free display number and writes it there.
        command = ["sh", "-c", f'exec "$0" -displayfd 3 -screen 0 1280x800x24 -nolisten tcp 3>"{self._display}"', xvfb]
        self._x_server = LocalProcess(command, folder, name="xvfb")
        self._folder = folder
        self._chromium: LocalProcess | None = None

    def __enter__(self) -> Self:
        self._x_server.start()
        wait_until(lambda: self._display.read_text() if self._display.exists() else "", _START_SECONDS)
        options = [f"--user-data-dir={self._profile}", "--remote-debugging-port=0", "--no-default-browser-check"]
        env = {**os.environ, "DISPLAY": f":{self._display.read_text().strip()}"}
        command = [find_chromium(), *flags(), *options, "--password-store=basic", "about:blank"]
        self._chromium = LocalProcess(command, self._folder, name="chromium", env=env)
        self._chromium.start()
        wait_until(lambda: self._port_file.exists() and self._port_file.read_text(), _START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        if self._chromium is not None:
            self._chromium.stop()
        self._x_server.stop()

    def open_tab(self, url: str) -> str:
        """Open a tab in front of the others. Returns its id."""
        return str(self._ask("PUT", f"new?{quote(url, safe=':/?&=%')}").json()["id"])

    def show_tab(self, tab: str) -> None:
        """Bring a tab to the front."""
        self._ask("GET", f"activate/{tab}")

    def press_space(self, tab: str) -> None:
        """Start or pause the video of a tab with a real key press, which permits sound; then detach from the tab."""
        wait_until(lambda: self._url(tab) != "about:blank")
        with self._browser_type.connect_over_cdp(self._address) as browser:
            page = next(page for page in browser.contexts[0].pages if page.url == self._url(tab))
            page.locator("video").focus()
            page.keyboard.press("Space")

    def _url(self, tab: str) -> str:
        return next(str(each["url"]) for each in self._ask("GET", "list").json() if each["id"] == tab)

    @property
    def _address(self) -> str:
        return f"http://127.0.0.1:{self._port_file.read_text().split()[0]}"

    @property
    def _port_file(self) -> Path:
        return self._profile / "DevToolsActivePort"

    def _ask(self, method: str, what: str) -> urllib3.BaseHTTPResponse:
        answer = _http.request(method, f"{self._address}/json/{what}")
        assert answer.status == 200, answer.data
        return answer

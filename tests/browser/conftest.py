"""Chromium, the stack and a third-party site, on top of pytest-playwright's fixtures."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium, firefox
from tests.browser.chromium import find_xvfb
from tests.browser.desktop import Desktop
from tests.browser.pages import build_pages
from tests.browser.site import Site
from tests.browser.stack import Stack
from tests.browser.stage import Stage
from tests.once import locked
from tests.servers.debian import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserType, Page

SHOP = "shop.example"
"""A host whose pages may report. It is neither the stack's origin nor a secure context."""
STRANGER = "stranger.example"
"""A host whose pages may not report."""

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_name: str) -> dict[str, Any]:
    """pytest-playwright's launch options, and those that the machine's Chromium, or Firefox, needs."""
    if browser_name != "firefox":
        return {**browser_type_launch_args, **chromium.launch_args()}
    try:
        return {**browser_type_launch_args, **firefox.launch_args()}
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def base_url() -> None:
    """None: pytest-playwright's own fixture warns under pytest 9.2 (a session fixture that is a method)."""


@pytest.fixture(scope="session")
def site(built_site: None) -> Iterator[Site]:
    """The third-party site, with harness pages built from the current sources."""
    with locked("frontend"):
        build_pages()
    with Site() as site:
        yield site


@pytest.fixture(scope="session")
def stack(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`pulse up`, shared by all tests."""
    origins = [site.origin(), site.origin(SHOP)]
    with Stack(tmp_path_factory.mktemp("stack"), origins) as stack:
        yield stack


@pytest.fixture
def video_id(request: pytest.FixtureRequest) -> str:
    """This test's own videoId."""
    name = re.sub(r"[^\w-]+", "-", request.node.name.removeprefix("test_"))[:80]
    return f"{name}-{next(_numbers)}"


@pytest.fixture
def stage(page: Page, site: Site, stack: Stack, video_id: str) -> Iterator[Stage]:
    """This test's own empty page, and the outcome of its reports."""
    stage = Stage(page, site, stack, video_id)
    yield stage
    assert stage.errors == []


@pytest.fixture
def stage_without_storage(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    site: Site,
    stack: Stack,
    video_id: str,
    tmp_path: Path,
) -> Iterator[Stage]:
    """The same in a browser whose user blocks all cookies and site data, so that access to localStorage throws."""
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text(json.dumps({"profile": {"default_content_setting_values": {"cookies": 2}}}))
    with browser_type.launch_persistent_context(tmp_path, **browser_type_launch_args) as context:
        stage = Stage(context.new_page(), site, stack, video_id)
        yield stage
        assert stage.errors == []


@pytest.fixture
def stage_with_cache(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], site: Site, stack: Stack, video_id: str
) -> Iterator[Stage]:
    """The same in a browser with a back/forward cache."""
    without = ["--disable-back-forward-cache"]
    with browser_type.launch(**browser_type_launch_args, ignore_default_args=without) as browser:
        stage = Stage(browser.new_page(), site, stack, video_id)
        yield stage
        assert stage.errors == []


@pytest.fixture
def desktop(browser_type: BrowserType, tmp_path: Path) -> Iterator[Desktop]:
    """A Chromium with a window."""
    xvfb = find_xvfb()
    if xvfb is None:
        pytest.skip("Without an X server no tab is ever hidden: apt-get install xvfb.")
    with Desktop(tmp_path, xvfb, browser_type) as desktop:
        yield desktop

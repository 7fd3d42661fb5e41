"""Runs a coroutine in an event loop of its own."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
LIMIT_SECONDS = 30
"""After this a hanging coroutine fails, and the test run goes on."""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` and return its result, in a separate thread: this one may run Playwright's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(coroutine, LIMIT_SECONDS)).result()

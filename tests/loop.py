"""An event loop for a coroutine."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
LIMIT_SECONDS = 30
"""What waits for ever fails, and the test run goes on."""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What it returns. It runs in a thread of its own: in the test's, a browser's event loop may run."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(coroutine, LIMIT_SECONDS)).result()

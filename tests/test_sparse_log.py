"""The sparse log stays readable however often causes are logged."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from pulse_analytics.sparse_log import SparseLog

if TYPE_CHECKING:
    import pytest


def test_a_repeated_cause_is_logged_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    log = SparseLog(logging.getLogger("test"), 0.05)
    for _ in range(3):
        log.warning("it hurts")
    time.sleep(0.06)
    log.warning("it hurts")
    assert caplog.messages == ["it hurts", "it hurts (2 times more since the last such line)"]


def test_a_flood_of_different_causes_is_limited_and_the_rest_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = SparseLog(logging.getLogger("test"), 0.5)
    causes = [f"cause {number}" for number in range(1_000)]
    for cause in causes:
        log.warning(cause)
    assert caplog.messages == causes[:100]
    time.sleep(0.5)
    log.warning("later")
    assert caplog.messages[100:] == ["later (900 lines of other causes left out before)"]

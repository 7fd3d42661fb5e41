"""One player's HTTP: send a report, and retry with the same bytes while its outcome is unknown."""

from __future__ import annotations

import json
import random
import time
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, InvalidHeader, NewConnectionError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from pulse_analytics.simulate.plan import Report

HEADERS = {"Content-Type": "application/json", "User-Agent": "pulse-simulate"}

BACKOFF_SECONDS = 0.1
BACKOFF_MAX_SECONDS = 5.0
"""The pause between tries, doubled each time unless the server names a Retry-After. Chosen, not measured."""

#: How many characters of a refusal are shown.
REASON_LENGTH = 200

#: Neither the server nor a proxy in front of it knew the outcome of the request.
UNCLEAR = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
#: The request was turned away unread; a retry may succeed.
TURNED_AWAY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Status(Enum):
    """What the API answered for one report."""

    QUEUED = "queued"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    """An answer that a retry would not change."""
    UNKNOWN = "unknown"
    """No answer within `patience_seconds`: it may or may not have been accepted."""


class Reply(NamedTuple):
    """The outcome of one request."""

    statuses: Sequence[Status]
    """One for each report, in order."""
    unclear: bool = False
    """An attempt before the answered one may have been accepted."""
    retries: int = 0
    why: str = ""
    """The reason, if a report was refused or its outcome is unknown."""


class _Attempt(NamedTuple):
    """One request and its answer; status 0 means no answer."""

    status: int = 0
    data: bytes = b""
    unclear: bool = False
    retry_after_seconds: float | None = None
    why: str = ""

    @property
    def is_final(self) -> bool:
        return self.status != 0 and self.status not in UNCLEAR and self.status not in TURNED_AWAY


class Client:
    """A keep-alive connection to the API at `url`; belongs to one thread."""

    def __init__(
        self, url: str, stop: threading.Event, *, timeout_seconds: float = 5.0, patience_seconds: float = 60.0
    ) -> None:
        self._path = (urllib3.util.parse_url(url).path or "").rstrip("/")
        # This class retries by itself, because urllib3's retries would hide unclear outcomes.
        self._pool = urllib3.connection_from_url(url, maxsize=1, timeout=timeout_seconds, retries=False)
        self._stop = stop
        self._patience_seconds = patience_seconds

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def is_anyone_there(self) -> bool:
        """Whether a server accepts connections at the address."""
        try:
            self._pool.urlopen("GET", f"{self._path}/healthz", headers=HEADERS, redirect=False)
        except (NewConnectionError, ConnectTimeoutError):
            return False
        except HTTPError:
            return True  # It is slow or about to restart, which `patience_seconds` allows for.
        return True

    def post(self, report: Report) -> Reply:
        """Send one report until its outcome is known, `patience_seconds` are over or the run is stopped."""
        return self._deliver(f"{self._path}/analytics", _wire(report), 1, _read_one)

    def post_batch(self, reports: Sequence[Report]) -> Reply:
        """Send reports in one request, as when an outbox is flushed; otherwise like `post`."""
        events = {"events": [_wire(report) for report in reports]}
        return self._deliver(f"{self._path}/analytics/batch", events, len(reports), _read_batch)

    def _deliver(self, path: str, message: object, reports: int, read: Callable[[_Attempt, int], Reply]) -> Reply:
        body = json.dumps(message, separators=(",", ":")).encode()
        deadline = time.monotonic() + self._patience_seconds
        unclear, retries = False, 0
        while not (attempt := self._attempt(path, body)).is_final:
            unclear = unclear or attempt.unclear
            seconds = _pause_seconds(attempt, retries)
            if time.monotonic() + seconds > deadline or self._stop.wait(seconds):
                return Reply((Status.UNKNOWN,) * reports, unclear, retries, attempt.why)
            retries += 1
        return read(attempt, reports)._replace(unclear=unclear, retries=retries)

    def _attempt(self, path: str, body: bytes) -> _Attempt:
        try:
            response = self._pool.urlopen("POST", path, body, HEADERS, redirect=False)
        except (NewConnectionError, ConnectTimeoutError) as error:
            return _Attempt(why=f"no connection ({type(error).__name__})")  # Nothing was sent, so the outcome is clear.
        except HTTPError as error:
            return _Attempt(unclear=True, why=f"no answer ({type(error).__name__})")
        status = response.status
        retry_after = _retry_after_seconds(response.headers.get("Retry-After"))
        return _Attempt(status, response.data, status in UNCLEAR, retry_after, str(status))


def _wire(report: Report) -> dict[str, str | int]:
    return {"videoId": report.video_id, "event": report.event, "userId": report.user_id, "ts": report.ts}


def _pause_seconds(attempt: _Attempt, retries: int) -> float:
    """How long to wait before the next attempt, with jitter, so that clients do not all return at once."""
    jitter = random.random()  # noqa: S311  Nobody gains by guessing it.
    if attempt.retry_after_seconds is not None:
        return attempt.retry_after_seconds + jitter * BACKOFF_SECONDS
    return min(BACKOFF_SECONDS * 2.0**retries, BACKOFF_MAX_SECONDS) * (0.5 + jitter / 2)


def _retry_after_seconds(header: str | None) -> float | None:
    try:
        return None if header is None else urllib3.Retry().parse_retry_after(header)
    except InvalidHeader:
        return None


_SINGLE_ANSWERS = {(202, "queued"): Status.QUEUED, (200, "duplicate"): Status.DUPLICATE}
_BATCH_ANSWERS = {"queued": Status.QUEUED, "duplicate": Status.DUPLICATE}


def _read_one(attempt: _Attempt, reports: int) -> Reply:
    """The answer to a single report; an answer that the API does not define is a refusal."""
    word = _field(_parse(attempt.data), "status")
    status = _SINGLE_ANSWERS.get((attempt.status, str(word)))
    return Reply((status,)) if status else _refusal(attempt, reports)


def _read_batch(attempt: _Attempt, reports: int) -> Reply:
    """The answer to a batch: one status for each report, or all refused if the answer cannot be matched to them."""
    results = _field(_parse(attempt.data), "results")
    if attempt.status != HTTPStatus.ACCEPTED or not isinstance(results, list) or len(results) != reports:
        return _refusal(attempt, reports)
    statuses = [_BATCH_ANSWERS.get(str(_field(result, "status")), Status.REFUSED) for result in results]
    refused = [result for result, status in zip(results, statuses, strict=True) if status is Status.REFUSED]
    return Reply(statuses, why=f"in a batch: {json.dumps(refused[0])[:REASON_LENGTH]}" if refused else "")


def _refusal(attempt: _Attempt, reports: int) -> Reply:
    reason = f"{attempt.why}: {attempt.data[:REASON_LENGTH].decode(errors='replace')}"
    return Reply((Status.REFUSED,) * reports, why=reason)


def _parse(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return None


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None

"""The key that signs sessions: PULSE_SESSION_KEY, or else one that all web processes share in Redis.

It is random and never derived from an admin token: anyone can get a cookie signed with it, and could otherwise test
guesses of the token on that cookie, without a limit.
"""

from __future__ import annotations

import math
import secrets
import time
from typing import TYPE_CHECKING

from pulse_analytics import config
from pulse_analytics.errors import TryAgain
from pulse_analytics.ingest.journal import answering

if TYPE_CHECKING:
    from flask import Flask

    from pulse_analytics.config import Settings

REDIS_KEY = "pulse:session-key"


class SessionKey:
    """The key. It is read from Redis at the first use, and again every SESSION_KEY_SECONDS."""

    def __init__(self, given: str | None) -> None:
        self._key = given
        self._looked_at = -math.inf if given is None else math.inf

    def get(self) -> str:
        """The key. Raises TryAgain if Redis does not answer and this process has not read it yet."""
        now = time.monotonic()
        if now - self._looked_at > config.SESSION_KEY_SECONDS:
            try:
                self._key = self._shared()
                self._looked_at = now
            except TryAgain as error:
                if self._key is None:
                    raise TryAgain("Sessions do not work: Redis, which holds the session key, does not answer.") from (
                        error.__cause__ or error
                    )
        assert self._key is not None  # noqa: S101 - given, or learned just now or before
        return self._key

    def _shared(self) -> str:
        """The key in Redis. If Redis has none, store ours there, so that sessions survive if Redis is emptied."""
        with answering() as journal:
            if not journal.redis.exists(REDIS_KEY):
                journal.redis.set(REDIS_KEY, self._key or secrets.token_urlsafe(32), nx=True)
            # Read it even after our own SET: if two processes set it at the same time, only the first one succeeds.
            key = journal.redis.get(REDIS_KEY)
        if not key:
            raise TryAgain("Redis has no session key.")
        return str(key)


def init_session_key(app: Flask, settings: Settings) -> None:
    """Give `app` its session key. Does not connect."""
    app.extensions["pulse_session_key"] = SessionKey(settings.session_key)

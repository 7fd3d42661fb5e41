"""Wrong admin tokens, at sign-in and as bearer: counted by the client's address, limited, and logged."""

from __future__ import annotations

import ipaddress
import logging
from typing import Any, NoReturn

from pulse_analytics import config
from pulse_analytics.errors import SlowDown, TryAgain, Unauthorized
from pulse_analytics.ingest.journal import answering
from pulse_analytics.sparse_log import SparseLog
from pulse_analytics.web.client import client_address

_refusals = SparseLog(logging.getLogger(__name__), config.OUTAGE_LOG_SECONDS)


def refuse_wrong_token(door: str) -> NoReturn:
    """Count and log the wrong token of this request. Raises Unauthorized, or SlowDown if it is one too many.

    Redis counts and returns the tries in one atomic step: however many guesses arrive at once, only SIGN_IN_TRIES of
    them learn that they are wrong. Without Redis, no tries are counted, and no address is limited.
    """
    address = client_address()
    tries, seconds = _count(address)
    too_many = tries is not None and tries > config.SIGN_IN_TRIES
    which = "not counted: Redis does not answer" if tries is None else "one too many" if too_many else f"try {tries}"
    _refusals.warning(f"Wrong admin token from {address} ({door}, {which})")
    if too_many:
        raise _slow_down(seconds)
    raise Unauthorized("That is not an admin token.")


def check_tries() -> None:
    """Raise SlowDown if this request's address has used up its wrong tokens, so that one more would be refused."""
    key = _key(client_address())
    try:
        with answering() as journal:
            pipeline: Any = journal.redis.pipeline()
            tries, seconds = pipeline.get(key).ttl(key).execute()
    except TryAgain:
        return
    if int(tries or 0) >= config.SIGN_IN_TRIES:
        raise _slow_down(seconds)


def _count(address: str) -> tuple[int | None, int]:
    """How many wrong tokens came from this address, including this one, and in how many seconds the count expires."""
    key = _key(address)
    try:
        with answering() as journal:
            # In one transaction, because a count without a TTL would lock its address out permanently.
            pipeline: Any = journal.redis.pipeline()
            pipeline.incr(key).expire(key, config.SIGN_IN_SECONDS, nx=True).ttl(key)
            tries, _, seconds = pipeline.execute()
    except TryAgain:
        return None, 0
    return tries, seconds


def _slow_down(seconds: int) -> SlowDown:
    return SlowDown("Too many wrong tries.", retry_after_seconds=max(1, seconds))


def _key(address: str) -> str:
    return f"pulse:sign-in:{_network(address)}"


def _network(address: str) -> str:
    """The network whose tries are counted together: an IPv4 address, or the 2**64 IPv6 addresses that one host has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.IPv6Network((parsed, 64), strict=False))

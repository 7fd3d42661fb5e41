"""The answers that differ from 0.1.0 on purpose, and why."""

from __future__ import annotations

from typing import NamedTuple

from tests.contract.answers import PROBLEM, Reduced


class Change(NamedTuple):
    """An answer that differs from the recording on purpose."""

    why: str
    """For the reader of a release's notes: what changed, and what for."""
    answer: Reduced
    """What is answered instead, reduced as in the recording."""


def refused(*fields: str) -> Reduced:
    """The answer of /admin/analytics to a request with the admin token in which these fields are wrong."""
    return {
        "status": 400,
        "headers": {"Cache-Control": "no-store", "Content-Type": PROBLEM},
        "body": {"type": "about:blank", "title": "Bad Request", "status": 400, "errors": sorted(fields)},
    }


def live(accepted: int, duplicates: int, **headers: str) -> Reduced:
    """The answer of /live while all accepted events still wait."""
    figures = {"accepted": accepted, "waiting": accepted, "duplicates": duplicates, "counted": 0, "parked": 0}
    oldest = "<seconds>" if accepted else None
    masked = {"at": "<ms>", "oldestWaitingSeconds": oldest, "memoryShare": "<share>"}
    return {
        "status": 200,
        "headers": {"Cache-Control": "no-store", "Content-Type": "application/json", **headers},
        "body": {**figures, **masked, "evictedKeys": 0, "suppressed": 0, "perMinute": [0] * 60, "unknownEvents": {}},
    }


_MEMORY = "/live says how full Redis is, how many keys it evicted, which events no worker knows, what was suppressed."
_WHY = "An unknown query parameter of a report is an error: ignored, it would give other numbers than asked for."
_UNKNOWN = {
    "/top with colour": ["colour"],
    "/top with limit misspelled": ["limits"],
    "/top with two": ["page", "sort"],
    "/top with LIMIT in capitals": ["LIMIT"],
    "/top with an empty one": ["utm_source"],
    "/top with a bad limit besides": ["colour", "limit"],
    "/videos/intro with limit": ["limit"],
    "/videos/none with colour": ["colour"],
    "/series with q": ["q"],
    "/series with cursor": ["cursor"],
    "/export.csv with limit": ["limit"],
    "/export.csv with format": ["format"],
    "/live with since": ["since"],
}

# By `GROUP: NAME`. An entry that equals the recorded answer, or that names no request of the catalogue, fails the test.
EXPECTED_CHANGES: dict[str, Change] = {
    **{f"unknown parameter: {name}": Change(_WHY, refused(*fields)) for name, fields in _UNKNOWN.items()},
    "unknown parameter: HEAD /top with colour": Change(
        _WHY, {name: part for name, part in refused("colour").items() if name != "body"}
    ),
    "live: before anything is accepted": Change(_MEMORY, live(0, 0)),
    "live: with reports that wait": Change(_MEMORY, live(2, 2)),
    "session: signed in, the live figures": Change(_MEMORY, live(0, 0, Vary="Cookie")),
    "database in trouble: the live figures": Change(_MEMORY, live(2, 1)),
    "cursor: bad: a rank that is true": Change(
        "`true` is no number: such a cursor is none of ours. (On PostgreSQL a count that was true was a 503.)",
        refused("cursor"),
    ),
    **{
        f"site: {path}": Change(
            "A redirect names no host: the one that a request names may be forged.",
            {"status": 308, "headers": {"Content-Type": "text/html; charset=utf-8", "Location": location}},
        )
        for path, location in {
            "/assets/%2Fetc%2Fpasswd": "/assets/etc/passwd",
            "/videos//etc/passwd": "/videos/etc/passwd",
        }.items()
    },
    "session: behind a proxy that speaks TLS": Change(
        "X-Forwarded-Proto is believed with PULSE_TRUSTED_PROXIES only: then the cookie is Secure as before.",
        {
            "status": 200,
            "headers": {
                "Cache-Control": "no-store",
                "Content-Type": "application/json",
                "Set-Cookie": "pulse_session; Expires; HttpOnly; Path=/admin; SameSite=Strict",
                "Vary": "Cookie",
            },
            "body": {"csrfToken": "<token>", "signedIn": False},
        },
    ),
}

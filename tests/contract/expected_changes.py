"""The answers that differ from 0.1.0 on purpose, and why."""

from __future__ import annotations

from typing import NamedTuple

from tests.contract.answers import PROBLEM, Reduced


class Change(NamedTuple):
    """An answer that is no longer what the recording says."""

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


# By `GROUP: NAME`. An entry that equals the recorded answer, or that names no request of the catalogue, fails the test.
#
# The group "unknown parameter" (catalogue/unknown_parameters.py) is prepared for a change: version 0.1.0 ignores query
# parameters that it does not know. Once those under /admin/analytics are refused, each of the group's requests there,
# except for the one without credentials, gets a line that names all fields that are wrong:
#
#     "unknown parameter: /top with colour": Change("A misspelled parameter is an error.", refused("colour")),
#
# (A HEAD has no body: drop it from `refused()`.) Outside of /admin/analytics they stay ignored.
EXPECTED_CHANGES: dict[str, Change] = {}

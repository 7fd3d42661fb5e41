"""Mutations of what operators' errands do. Each may only lose, double or leave something while events flow."""

from __future__ import annotations

from crash.mutations import Change, Mutation

_ARCHIVE = "pulse_analytics/retention/archive.py"

_FORGET = "pulse_analytics/retention/forget.py"

_TAKEN = "taken = current_journal().taken_events().intersection(chosen) if chosen else set()"
_SNAPSHOT = "    with _snapshot() as connection:\n"

ERRAND_MUTATIONS = (
    Mutation(
        "what is taken and not settled is archived, too",
        (Change(_ARCHIVE, _TAKEN, "taken: set[str] = set()"),),
        errands=True,
    ),
    Mutation(
        "archived and deleted in two transactions",
        (
            Change(
                _ARCHIVE,
                "    return connection.execute(delete(video_events).where(rows)).rowcount\n",
                """\
    connection.connection.commit()
    return connection.execute(delete(video_events).where(rows)).rowcount
""",
            ),
        ),
        errands=True,
    ),
    Mutation(
        "deleted and not archived",
        (
            Change(
                _ARCHIVE, "    connection.execute(insert.on_conflict_do_update(", "    (insert.on_conflict_do_update("
            ),
        ),
        errands=True,
    ),
    Mutation(
        "a user is forgotten before waiting entries are recorded",
        (Change(_FORGET, '    step: str = "entries"\n', '    step: str = "letters"\n'),),
        errands=True,
    ),
    Mutation(
        "the dedupe keys of a forgotten user stay",
        (
            Change(
                _FORGET,
                "cursor, gone = current_journal().traces.unlink_keys(form, int(place.at or 0))",
                "cursor, gone = 0, 0",
            ),
        ),
        errands=True,
    ),
)

ERRANDS_SEEN_BY_TESTS = (
    Mutation(
        "pending entries are read before the rows are chosen",
        (
            Change(_ARCHIVE, _SNAPSHOT, "    pending = current_journal().taken_events()\n" + _SNAPSHOT),
            Change(_ARCHIVE, _TAKEN, "taken = pending.intersection(chosen)"),
        ),
        tests="tests/retention/test_taken.py",
    ),
)

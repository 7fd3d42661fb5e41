"""Which report each raw event is of, whatever form its user id has, and which deletions only gave it another form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crash.evidence import Evidence
    from crash.found import Found, Row


def identify(found: Found, evidence: Evidence) -> Found:
    """The same with each report's own id and user id in its rows and claims.

    A new form changes neither `received_at` nor `created_at`, so these two and the report say which recording a row is.
    Each recording is either among the rows or among the deleted ones, once.
    """
    forms = {
        event_id: (told.report, user_id)
        for told in evidence.told.values()
        for event_id, user_id in evidence.forms(told.report).items()
    }

    def known(row: Row) -> Row:
        report, user_id = forms.get(row.id, (None, ""))
        return row._replace(id=report.id, user_id=report.user_id) if report and row.user_id == user_id else row

    rows = [known(row) for row in found.rows]
    here = set(map(_recording, rows))
    deleted = [each._replace(row=known(each.row)) for each in sorted(found.deleted)]
    last = {_recording(each.row): each for each in deleted}
    return replace(
        found,
        rows=rows,
        deleted=[each for recording, each in last.items() if recording not in here],
        claims=[forms[claim][0].id if claim in forms else claim for claim in found.claims],
    )


def _recording(row: Row) -> tuple[str, int, int]:
    return row.id, row.received_at, row.created_at

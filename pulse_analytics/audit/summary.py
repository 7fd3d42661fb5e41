"""The findings of audit and rebuild, in a few lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES

if TYPE_CHECKING:
    from pulse_analytics.audit.recount import Difference, Recount
    from pulse_analytics.ingest.epochs import Epoch, Join
    from pulse_analytics.ingest.journal.figures import Balance, Memory

CLOSED = "The books are closed: every accepted event is accounted for, and every count is that of its raw events."


def describe_journal(balance: Balance) -> str:
    """The journal's figures."""
    unknown = f" ({balance.unknown:,} of unknown events: upgrade the workers)" if balance.unknown else ""
    waiting = f"{balance.pending:,} pending{unknown}, {balance.unread:,} unread"
    return "\n".join(
        [
            "Journal",
            _line("accepted", balance.accepted),
            _line("settled", balance.settled),
            _line("waiting", balance.waiting, waiting),
            _line("parked", balance.parked, f"{balance.letters:,} dead letters"),
            _line("dropped", balance.dropped),
        ]
    )


def describe_database(found: Recount) -> str:
    """The database's sums, of DEFAULT_EVENT and of every other event type that has any."""
    lines = ["Database", _line("videos", found.videos), _line("days", found.days)]
    for event_type in EVENT_TYPES.values():
        sums = found.sums[event_type.count_column]
        if event_type.name != DEFAULT_EVENT and not any(sums):
            continue
        lines += [
            f"  {event_type.name}",
            _line("  raw events", sums.raw),
            *([_line("  archived", sums.archived)] if sums.archived else []),
            _line("  by video", sums.by_video),
            _line("  by day", sums.by_day),
            _line("  all videos", sums.in_all),
        ]
    return "\n".join(lines)


def describe_join(epoch: Epoch, joined: Join) -> str:
    """Ledger and raw events, also those that were archived or erased, side by side."""
    gap = f"{joined.most - joined.least:,} raw events more or less fit: settled as known, or taken"
    return "\n".join(
        [
            f"Both, since {epoch.begun_at:%Y-%m-%d %H:%M} UTC ({epoch.reason})",
            _line("settled new", joined.settled_new, gap if joined.most > joined.least else ""),
            _line("raw events", joined.rows),
        ]
    )


def describe_memory(memory: Memory | None) -> str:
    """Redis' memory, and how many keys it evicted when it was full. Evictions are no fault: the database's primary key
    makes up for evicted dedupe keys."""
    if memory is None:
        return "Redis\n  It refuses INFO: whether it evicts keys, and how full it is, is unknown."
    limit = f"of {memory.limit:,}, {memory.used / memory.limit:.0%}" if memory.limit else "no maxmemory"
    lines = ["Redis", _line("evicted keys", memory.evicted), _line("bytes", memory.used, limit)]
    return "\n".join([*lines, *memory.notes()])


def describe_verdict(found: Recount, joined: Join, after: Balance, before: Balance, wrong: list[str]) -> str:
    """Whether the books are closed, and if not, what is wrong."""
    lines = [""]
    if (before.accepted, before.settled) != (after.accepted, after.settled):
        lines.append(
            f"Events flowed meanwhile ({after.accepted - before.accepted:,} accepted, "
            f"{after.settled - before.settled:,} settled): the two sides are exact, each for a moment of its own."
        )
    lines += [*after.faults(), *joined.faults()]
    if joined.faults():
        lines.append("Once you know why, `pulse audit --begin-epoch REASON` records this and begins a new epoch.")
    if found.first:
        lines += [_count_wrong(found), *_table(found.first)]
        if more := found.wrong - len({each[:2] for each in found.first}):
            lines.append(f"  and {more:,} more")
        lines.append("`pulse rebuild` corrects them from the raw events.")
    if not wrong:
        lines.append(CLOSED)
    return "\n".join(lines)


def faults(found: Recount, joined: Join, after: Balance) -> list[str]:
    """Everything that is wrong, one sentence each."""
    return [*after.faults(), *joined.faults(), *([_count_wrong(found)] if found.first else [])]


def as_json(found: Recount, epoch: Epoch, joined: Join, after: Balance, memory: Memory | None, wrong: list[str]) -> str:
    """All figures and faults, for programs."""
    figures = {
        "closed": not wrong,
        "faults": wrong,
        "journal": after._asdict(),
        "database": {
            "rows": found.rows,
            "gone": found.gone,
            "videos": found.videos,
            "days": found.days,
            "events": {kind.name: found.sums[kind.count_column]._asdict() for kind in EVENT_TYPES.values()},
            "wrong": {"videos": found.wrong_videos, "days": found.wrong_days, "totals": found.wrong_totals},
        },
        "redis": {**memory._asdict(), "notes": memory.notes()} if memory else None,
        "epoch": {
            "id": epoch.id,
            "begunAt": epoch.begun_at.isoformat(),
            "reason": epoch.reason,
            "rows": joined.rows,
            "least": joined.least,
            "most": joined.most,
        },
    }
    return json.dumps(figures, indent=2)


def describe_wrong(found: Recount, video_id: str | None) -> str:
    """The counters that a rebuild has to correct."""
    raw = sum(sums.raw for sums in found.sums.values())
    recounted = f"Recounted {raw:,} raw events" + (f" of {video_id}. " if video_id else ". ")
    return recounted + (_count_wrong(found) if found.first else "Every counter is right.")


def _count_wrong(found: Recount) -> str:
    return (
        f"Counters that are not their raw events: {found.wrong_videos:,} by video, {found.wrong_days:,} by day, "
        f"{found.wrong_totals:,} of all videos."
    )


def _table(differences: list[Difference]) -> list[str]:
    rows = [
        ("video", "day", "counter", "counted", "raw"),
        *(
            (each.video_id or "(all)", f"{each.day or 'all'}", each.counter, f"{each.counted:,}", f"{each.events:,}")
            for each in differences
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    alignment = ("<", "<", "<", ">", ">")
    return [
        "  " + "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, alignment, widths, strict=True))
        for row in rows
    ]


def _line(name: str, figure: int, remark: str = "") -> str:
    return f"  {name:<13}{figure:>13,}" + (f"  ({remark})" if remark else "")

"""`pulse up` with toy programs: `python -m tests.up.toy_up STAGES`, where STAGES is a JSON list of lists of toys.

A toy is {"name", "code" or "command"} with any other field of Program; with "beats", its processes have heartbeats. The
string "valkey" stands for the real Valkey.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from pulse_analytics.up import stack
from pulse_analytics.up.program import Program
from pulse_analytics.up.up import up

if TYPE_CHECKING:
    from pulse_analytics.config import Settings


def toy_stack(settings: Settings, *, valkey_port: int | None, lock: int) -> list[list[Program]]:
    """The stages given on the command line."""

    def program(toy: dict[str, Any] | str) -> Program:
        if isinstance(toy, str):
            return stack.valkey(settings, valkey_port or 0, lock)
        options = {name: value for name, value in toy.items() if name not in {"code", "beats"}}
        return Program(
            heartbeats=settings.heartbeat_dir if toy.get("beats") else None,
            missing=lambda log: None if log.says("ready.") else "it has not said so",
            **{"command": [sys.executable, "-u", "-c", toy.get("code", "")], **options},
        )

    return [[program(toy) for toy in stage] for stage in json.loads(sys.argv[1])]


if __name__ == "__main__":
    raise SystemExit(up(stack=toy_stack))

"""The console script `pulse`: Flask's CLI for this application."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from click import Group

from pulse_analytics.errors import ConfigError
from pulse_analytics.ingest.liveness import worker_alive_command

if TYPE_CHECKING:
    from click import Command


def main() -> None:
    """Run the command line. An invalid setting exits with a one-line error."""
    try:
        _command(sys.argv[1:2])()
    except ConfigError as error:
        sys.exit(f"pulse: {error}")


def _command(first: list[str]) -> Command:
    if first == ["worker-alive"]:  # A health check, every few seconds: importing the rest takes a second of CPU.
        return Group(commands={"worker-alive": worker_alive_command})
    from pulse_analytics.app import create_app  # noqa: PLC0415 - see above
    from pulse_analytics.cli import pulse_group  # noqa: PLC0415

    return pulse_group(create_app)


if __name__ == "__main__":
    main()

"""The console script `pulse`: Flask's CLI for this application."""

from __future__ import annotations

import sys

from pulse_analytics.app import create_app
from pulse_analytics.cli import pulse_group
from pulse_analytics.errors import ConfigError


def main() -> None:
    """Run the command line. A setting that cannot work is one sentence and a non-zero exit."""
    try:
        pulse_group(create_app)()
    except ConfigError as error:
        sys.exit(f"pulse: {error}")


if __name__ == "__main__":
    main()

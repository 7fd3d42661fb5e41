"""The console script `pulse`: Flask's CLI for this application."""

from __future__ import annotations

from pulse_analytics.app import create_app
from pulse_analytics.cli import pulse_group


def main() -> None:
    """Run the command line."""
    pulse_group(create_app)()


if __name__ == "__main__":
    main()

"""`python -m tests.contract FILE`: record the code's answers to the catalogue, on the tests' servers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest


def main() -> int:
    """Record the answers. Returns 1 if that failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=__doc__)
    parser.add_argument("file", type=Path, help="where to write the answers, as JSON with one on a line")
    file = parser.parse_args().file.absolute()
    return int(pytest.main([str(Path(__file__).with_name("record.py")), f"--record={file}", "-q"]))


if __name__ == "__main__":
    sys.exit(main())

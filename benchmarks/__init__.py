"""Measurements on real servers, each a command of its own: `python -m benchmarks.NAME --help`.

backlog.py   a journal of a million events: its memory, what it slows, how it drains
"""

"""Measurements on real servers, each a command of its own: `python -m benchmarks.NAME --help`.

reports.py   the admin API on 90 days of a million videos: how long each report takes, and the plans
             (history.py makes the 90 days)
backlog.py   a journal of a million events: its memory, what it slows, how it drains
"""

"""Measurements on real servers. `make bench` (`python -m benchmarks`) measures the sections, each beside its rivals:

accept.py    reports through the real server: single POSTs and batches
count.py     from a full journal to the database
through.py   both at once: does counting keep up, and how soon is a view to be seen
space.py     what an event takes in Redis and in the database
growth.py    counting and the ranking as raw events and videos become many

sizes.py     how much of each
place.py     Valkey and PostgreSQL as `pulse up` has them; a `System` is one installation on them
versions.py  the present version, and an earlier one from a git worktree (`--against REF`)
servers.py   its web server as `pulse up` starts it, and a worker that drains its journal
doors.py     where accept sends reports; sides.py: whole systems that through compares
rivals/      what we are compared with
traffic.py   distinct reports: as events, as HTTP requests, as a Redis command
client.py    a client that is not the bottleneck; wrk.py and wrk.lua: wrk instead, where it is
partner.py   processes that work beside the measuring one
figures.py   samples by round, their spread, ratios
table.py     the table: for a terminal, as Markdown, as JSON; plot.py: growth as a picture
machine.py   what it was measured on

Commands of their own are `python -m benchmarks.NAME --help`:

reports.py   the admin API on 90 days of a million videos: how long each report takes, and the plans
             (history.py makes the 90 days)
backlog.py   a journal of a million events: its memory, what it slows, how it drains
"""

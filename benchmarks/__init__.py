"""Benchmarks on real servers. `make bench` (`python -m benchmarks`) measures these sections, each beside its rivals:

accept.py    reports through the real server: single POSTs and batches
count.py     from a full journal to the database
through.py   both at once: does counting keep up, and how soon does a view appear in the ranking
space.py     how many bytes an event takes in Redis and in the database (viewing.py: and what a viewing costs)
growth.py    counting and the ranking as the numbers of raw events and videos grow

sizes.py     how much is measured in each section
place.py     Valkey and PostgreSQL, configured as by `pulse up`; a `System` is one installation on them
versions.py  the present version, and an earlier one from a git worktree (`--against REF`)
servers.py   web servers as `pulse up` starts them, and a worker that drains a journal
doors.py     the servers that accept.py sends reports to; sides.py: the whole systems that through.py compares
rivals/      what pulse_analytics is compared with
traffic.py   distinct reports: as events, as HTTP requests, as a Redis command
client.py    a client that is not the bottleneck; wrk.py and wrk.lua: wrk instead, where it is installed
partner.py   helper processes that run beside the measuring one
figures.py   samples by round, their spread, ratios
table.py     the table: for a terminal, as Markdown, as JSON; plot.py: growth as a picture
machine.py   the machine and versions that were measured

Separate commands are (`python -m benchmarks.NAME --help`):

reports.py   the admin API on 90 days of a million videos: how long each report takes, and its query plans
             (history.py generates the 90 days)
backlog.py   a journal of a million events: its memory, what it slows down, how it drains
expiry.py    `pulse expire` of nine days of ten, under load
"""

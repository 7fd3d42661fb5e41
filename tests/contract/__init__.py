"""What every route answers, pinned: a recording of version 0.1.0, replayed against the code as it is now.

catalogue/           the requests, a module for each subject
ask.py               what a request is, and the shorthands that the catalogue is written with
history.py           what the database holds and what the site consists of, when they are answered
answers.py           an answer, reduced to what must stay: no times, secrets or wording
asgi_client.py       a client of an ASGI application, without a server
replay.py            sends all requests and compares the answers with the recording
expected_changes.py  the answers that differ from 0.1.0 on purpose, and why
answers-0.1.0.json   the recording, one answer on a line
record.py            writes such a recording: `python -m tests.contract FILE`

To add a request: add it to the catalogue, record the code that it should pin, and take its line over.
"""

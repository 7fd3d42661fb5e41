"""The answers of every route, compared with a recording of version 0.1.0.

catalogue/           the requests, one module for each subject
ask.py               a request, and shorthands for writing the catalogue
history.py           the content of the database, and the files of the site
answers.py           an answer, reduced to the parts that must not change: no times, secrets or wording
asgi_client.py       a client of an ASGI application, without a server
replay.py            sends all requests and compares the answers with the recording
expected_changes.py  the answers that differ from 0.1.0 on purpose, and why
answers-0.1.0.json   the recording, one answer on a line
record.py            writes such a recording: `python -m tests.contract FILE`

To add a request: add it to the catalogue, record its answer with the present code, and copy its line to the recording.
"""

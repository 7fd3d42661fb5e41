"""The write path, one module for each step, in the order in which an event passes them.

1. views.py      POST /analytics: parse, accept, answer
2. schemas.py    JSON to Event, or 400
3. intake.py     accept events: claim and append, wake a worker
4. journal/      the Redis stream of accepted, not yet recorded events: append, take, settle, park
5. tasks.py      the Celery task: when to run, what to retry (timer.py is the worker's safety net, and sends its
                 heartbeat, which liveness.py reads)
6. drain.py      batch after batch: take, record, settle
7. recorder.py   the transaction: raw events and aggregates
"""

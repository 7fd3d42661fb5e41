"""What pulse_analytics is compared with, on the same servers and in the same run.

empty.py           no work at all: a Flask view that answers 202
task_per_event.py  the naive design: one Celery task and one transaction per event
fastify.py         the system that this one replaces, in Node (node/): Fastify, a list in Redis, a worker with BRPOP
bare.py            the upper limit of counting: the recorder's own SQL in a bare psycopg loop, without Redis and Celery

The upper limit of accepting is accept.lua without HTTP: client.py sends it to Valkey directly.
"""

EMPTY = "empty Flask view"
TASK_PER_EVENT = "task per event"
BARE = "bare psycopg loop"
SPELT = "... with our spelling of arrays"
SCRIPT = "accept.lua alone"

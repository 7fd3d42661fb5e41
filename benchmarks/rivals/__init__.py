"""What we are compared with, on the same servers and in the same run.

empty.py     no work at all: a Flask view that answers 202
literal.py   the card read literally: one Celery task and one transaction for each event
fastify.py   the system that this one replaces, in Node (node/): Fastify, a list in Redis, a worker with BRPOP
bare.py      the limit of counting: the recorder's own statements in a bare psycopg loop, no Redis, no Celery

The limit of accepting, accept.lua without any HTTP, is client.py speaking to Valkey.
"""

EMPTY = "empty Flask view"
LITERAL = "literal card"
BARE = "bare psycopg loop"
SPELT = "... with our spelling of arrays"
SCRIPT = "accept.lua alone"

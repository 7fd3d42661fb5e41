"""Real servers for tests: local processes behind pytest-celery's containers, no Docker. Linux only (it reads /proc).

reaper.py         ends all processes that a killed test run left behind
local_process.py  LocalProcess: a command with the methods of a Docker container
container.py      LocalContainer: pytest-celery's container over a LocalProcess
ports.py          a free port that no client can take while its server is down
valkey.py         ValkeyContainer, start_valkey: the server of the journal and the broker
postgres.py       PostgresServer: the database
debian.py         where Debian's servers are, installed or unpacked
pgbouncer.py      PgBouncer, in front of a PostgresServer
worker.py         WorkerContainer, start_worker: `celery worker`
fixtures.py       fixtures for all of these, in pytest-celery's structure
"""

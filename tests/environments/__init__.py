"""`make environments`: the environments that operators run. On each, a simulated day, one SIGKILL and an audit.

catalogue.py      the environments: the servers of each, and which of them is killed
secure_redis.py   a Redis with TLS, and with a user who has exactly the documented rights
deployment.py     the application on these servers: a migrated database, a web server, a worker
trial.py          one environment, from the start of its servers to the verdict
__main__.py       runs all environments and prints the table
"""

"""`make environments`: what operators run, on its real servers: a simulated day, one SIGKILL, an audit; then a table.

catalogue.py      the environments: the servers that each starts, and which of them is killed
secure_redis.py   a Redis behind TLS, with a user who has the rights that are needed
deployment.py     the application on them: migrated, a web server, a worker
trial.py          one environment, from the start of its servers to the verdict
__main__.py       all of them, and the table
"""

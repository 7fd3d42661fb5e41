"""`pulse worker-alive`: whether a worker is alive, judged by the heartbeats that its timer sends to Redis."""

from __future__ import annotations

import socket

import click
from redis.exceptions import RedisError

from pulse_analytics.config import WORKER_GONE_SECONDS, WORKER_LATE_SECONDS, Settings
from pulse_analytics.errors import in_short
from pulse_analytics.ingest.journal import Journal
from pulse_analytics.ingest.journal.connection import connect_redis


@click.command("worker-alive")
@click.argument("node", required=False)
def worker_alive_command(node: str | None) -> None:
    """Check whether a worker is alive.

    Exits with 0 if NODE (default: celery@HOSTNAME) sent a heartbeat within the last 60 s, else with 1.
    """
    # This makes no application: a health check runs every few seconds, and an application takes most of a second.
    settings = Settings.load()
    node = node or f"celery@{socket.gethostname()}"
    with connect_redis(settings) as redis:
        try:
            beats = Journal(redis, settings).beats()
        except RedisError as error:
            raise click.ClickException(f"Cannot read the workers' heartbeats from Redis: {in_short(error)}") from error
    if node not in beats:
        others = ", ".join(sorted(beats)) or "none"
        minutes = WORKER_GONE_SECONDS // 60
        raise click.ClickException(f"{node} has sent no heartbeat for {minutes} minutes. Workers that have: {others}.")
    if not 0 <= beats[node] <= WORKER_LATE_SECONDS:
        raise click.ClickException(f"The last heartbeat of {node} is {beats[node]:.0f} s old.")
    click.echo(f"{node} is alive: its last heartbeat is {beats[node]:.0f} s old.")

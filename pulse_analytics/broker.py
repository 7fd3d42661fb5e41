"""Celery's Redis transport, without its record of messages that were taken and not yet acknowledged.

A wake-up says only that something waits. One that is lost with its worker is made up for by any worker's timer, so
there is nothing to keep, and what kombu 5.7 does to keep it makes workers exit. It writes to Redis for every message
taken, which Redis refuses at its memory limit. And when Redis is stopped while a task runs, it tries to give the task's
message back, and later to acknowledge it, through a connection that is closed.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES, redis


def install() -> None:
    """Make ours the transport of Redis URLs, under that name: Flower looks for it."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


class Channel(redis.Channel):
    """A channel that knows its messages in memory only, and lets go of them when it is closed."""

    ack_emulation = False
    do_restore = False


class Transport(redis.Transport):
    """The Redis transport with our channel."""

    Channel = Channel

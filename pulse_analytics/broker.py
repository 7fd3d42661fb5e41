"""Celery's Redis transport, without its record of messages that were taken and not yet acknowledged.

A wake-up says only that something waits. One that is lost with its worker is made up for by any worker's timer, so
there is nothing to keep, and what kombu 5.7 does to keep it makes workers exit. It writes to Redis for every message
taken, which Redis refuses at its memory limit. And when Redis is stopped while a task runs, it tries to give the task's
message back, and later to acknowledge it, through a connection that is closed.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis, virtual


def install() -> None:
    """Make ours the transport of Redis URLs, under that name: Flower looks for it."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


class QoS(virtual.QoS):
    """What the worker took and has not acknowledged, in its memory only."""

    restore_at_shutdown = False

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Reject a message. One of a pool process that died is put back at once, unless Redis is gone as well."""
        super().reject(delivery_tag, requeue=requeue and not self.channel.closed)

    def restore_visible(self, *_: object, **__: object) -> None:
        """Do nothing: no message waits in Redis to be redelivered."""


class Channel(redis.Channel):
    """A channel with our QoS."""

    ack_emulation = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.QoS = QoS  # type: ignore[assignment]  # kombu itself puts virtual.QoS there


class Transport(redis.Transport):
    """The Redis transport with our channel."""

    Channel = Channel

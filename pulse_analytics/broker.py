"""Celery's Redis transport, short of one habit: touching messages of a connection that is already closed.

When Redis is stopped while a task runs, Celery 5.7 closes the broken connection, and kombu 5.7 tries first to give that
task's message back through it and later to acknowledge it there. Both fail with an AttributeError, which Celery takes
for unrecoverable: the worker exits. A wake-up needs neither. It says only that something waits; redelivered after
`visibility_timeout` it is harmless, and the worker's timer asks anew long before.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES, redis


def install() -> None:
    """Make ours the transport of Redis URLs, under that name: Flower looks for it."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


class QoS(redis.QoS):
    """What the worker took and has not acknowledged."""

    restore_at_shutdown = False


class Channel(redis.Channel):
    """A channel that leaves its messages alone once it is closed."""

    QoS = QoS

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Acknowledge a message."""
        if not self.closed:
            super().basic_ack(delivery_tag, multiple=multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Reject a message."""
        if not self.closed:
            super().basic_reject(delivery_tag, requeue=requeue)


class Transport(redis.Transport):
    """The Redis transport with our channel."""

    Channel = Channel

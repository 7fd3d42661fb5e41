"""The Celery app and its broker: Celery's Redis transport without its record of unacknowledged messages.

A wake-up says only that something waits. If one is lost with its worker, the timer of any worker makes up for it, so no
record is needed. And the record that kombu 5.7 keeps makes workers exit. kombu writes to Redis for every message taken,
which Redis refuses at its memory limit. And if Redis is stopped while a task runs, kombu tries to give the task's
message back, and later to acknowledge it, through a closed connection.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from celery import Celery, Task
from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from pulse_analytics import config
from pulse_analytics.errors import in_short
from pulse_analytics.redis_urls import read_redis_url

if TYPE_CHECKING:
    from flask import Flask
    from kombu import Producer

    from pulse_analytics.config import Settings

PERSIST_QUEUE = "pulse.persist"
"""Celery's queue of wake-ups; in Redis, a list of that name."""

EXPIRE_TASK = "pulse_analytics.expire_events"
"""The task that archives raw events: `retention/expire_task.py`, which workers import only if raw events expire."""
FORGET_TASK = "pulse_analytics.forget_user"
"""The task of an erasure: `retention/forget_task.py`. The worker's timer sends both by their names."""

_NOTHING = "pulse:nothing"
"""A key that never exists."""


class PulseCelery(Celery):
    """A Celery app that knows its Flask app."""

    flask_app: Flask


def init_celery(app: Flask, settings: Settings) -> PulseCelery:
    """Make the Celery app whose tasks run inside `app`'s context, and make it the current one for `@shared_task`."""

    class AppTask(Task[Any, Any]):
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    _install_transport()
    celery = PulseCelery("pulse_analytics", task_cls=AppTask)
    celery.flask_app = app
    celery.conf.update(_celery_options(settings))
    celery.set_default()
    app.extensions["celery"] = celery
    return celery


def count_waiting(producer: Producer) -> int:
    """How many messages in our queue wait for a worker. One call to the broker."""
    channel: Any = producer.channel  # celery-types has no channels of kombu's own transports.
    return int(channel.queue_declare(PERSIST_QUEUE).message_count)


def _celery_options(settings: Settings) -> dict[str, object]:
    return {
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # A worker survives a command that Redis refuses, too: it reconnects, see `_Forgetful`.
        "broker_channel_error_retry": True,
        **_broker_options(settings),
        "include": _tasks(settings),
        "task_default_queue": PERSIST_QUEUE,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_time_limit": config.RUN_LIMIT_SECONDS,
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
        "worker_enable_remote_control": settings.remote_control,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _tasks(settings: Settings) -> list[str]:
    """The modules of tasks that nothing else imports."""
    expire = ["pulse_analytics.retention.expire_task"] if settings.retention_days else []
    return ["pulse_analytics.retention.forget_task", *expire]


def _broker_options(settings: Settings) -> dict[str, object]:
    """The broker's address, and the limits of calls to it."""
    options: dict[str, object] = {
        "socket_timeout": settings.redis_timeout_seconds,
        "socket_connect_timeout": settings.redis_timeout_seconds,
        "health_check_interval": config.BROKER_CHECK_SECONDS,
        # Publishing gives up at once if there is no broker: the worker's timer is the safety net.
        "max_retries": 0,
    }
    url = settings.broker_url
    # By default, kombu accepts any certificate.
    tls = {"ssl_cert_reqs": ssl.CERT_REQUIRED} if url.startswith("rediss://") else None
    if place := read_redis_url(url):
        url, tls = place.kombu_url, place.tls
        asking = place.asking(settings.redis_timeout_seconds * config.SENTINELS_PATIENCE)
        options |= {"master_name": place.name, "sentinel_kwargs": asking}
    return {"broker_url": url, "broker_use_ssl": tls, "broker_transport_options": options}


def _install_transport() -> None:
    """Register our transports for Redis URLs under kombu's own names, because Flower looks for those."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
    TRANSPORT_ALIASES["sentinel"] = f"{__name__}:SentinelTransport"


class _Forgetful:
    """A channel that keeps unacknowledged messages in memory only, and forgets them when it is closed."""

    client: Any
    close: Any
    ack_emulation = False
    do_restore = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Open the channel. A Redis that takes no writes (READONLY, NOREPLICAS, NOPERM) counts as unreachable: Celery
        retries with back-off, and logs the reason."""
        super().__init__(*args, **kwargs)
        try:
            # Redis refuses DEL if it takes no writes at all, but not at its memory limit, where a worker has to go on.
            self.client.delete(_NOTHING)
        except Exception as error:
            self.close()
            if isinstance(error, ResponseError):
                raise RedisConnectionError(f"Redis takes no writes: {in_short(error)}") from error
            raise


class Channel(_Forgetful, redis.Channel):
    """A channel to one server."""


class SentinelChannel(_Forgetful, redis.SentinelChannel):
    """A channel to the primary that Sentinels know."""


class Transport(redis.Transport):
    """The Redis transport with our channel."""

    Channel = Channel


class SentinelTransport(redis.SentinelTransport):
    """The Sentinel transport with our channel."""

    Channel = SentinelChannel

"""Which of several servers is the primary: each new connection asks the Sentinels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.asyncio.sentinel import MasterNotFoundError as AsyncNotFound
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.sentinel import MasterNotFoundError, Sentinel

if TYPE_CHECKING:
    from collections.abc import Sequence


class Primary(Sentinel):
    """redis-py's Sentinel, but each query uses new connections.

    So threads may query at the same time (redis-py reorders a list that they would share), and a Sentinel that was
    restarted does not count as silent. Raises MasterNotFoundError, whose one sentence says that no Sentinel answers, or
    which primary they do not know.
    """

    def discover_master(self, service_name: str) -> Any:
        """The primary's address: host and port."""
        with Sentinel(_hosts(self.sentinels), sentinel_kwargs=self.sentinel_kwargs) as asked:  # type: ignore[no-untyped-call]
            try:
                return asked.discover_master(service_name)
            except MasterNotFoundError as error:
                raise _said(error, service_name, asked.sentinels) from error


class AsyncPrimary(AsyncSentinel):
    """The same for an event loop."""

    async def discover_master(self, service_name: str) -> Any:
        """The primary's address: host and port."""
        async with AsyncSentinel(_hosts(self.sentinels), sentinel_kwargs=self.sentinel_kwargs) as asked:  # type: ignore[no-untyped-call]
            try:
                return await asked.discover_master(service_name)
            except AsyncNotFound as error:
                raise _said(error, service_name, asked.sentinels) from error


def _hosts(sentinels: Sequence[Any]) -> list[tuple[str, int]]:
    options = (sentinel.connection_pool.connection_kwargs for sentinel in sentinels)
    return [(each["host"], each["port"]) for each in options]


def _said(error: Exception, name: str, asked: Sequence[object]) -> MasterNotFoundError:
    """The error in one sentence. redis-py's text ends with the silent Sentinels, as `... - network:TimeoutError`."""
    silent = sum(f"{sentinel}" in str(error) for sentinel in asked)
    if silent == len(asked):
        return MasterNotFoundError(f"No Sentinel answers ({str(error).rpartition(':')[2]}).")
    others = f" ({silent} of {len(asked)} do not answer)" if silent else ""
    return MasterNotFoundError(f"The Sentinels know no primary called {name} that is up{others}.")

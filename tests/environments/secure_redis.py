"""A Redis with TLS, a certificate from its own CA, and one user, who has exactly the documented rights."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from redis import Redis
from redis.exceptions import RedisError

from pulse_analytics.up.valkey import valkey_command
from tests.facts import wait_until
from tests.servers.debian import find_program
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

RIGHTS = (
    "~queue:analytics* ~dedupe:* ~pulse:* ~pulse.persist* ~_kombu.binding* ~*.pidbox* ~celeryev* resetchannels "
    "&/0.* &/0.celery.pidbox &/0.celeryev/worker.* -@all +auth +hello +ping +info +eval +evalsha +script|load "
    "+script|exists +multi +exec +brpop +lpush +llen +del +exists +hexists +hget +hincrby +hkeys +hlen +hmget +hset "
    "+hsetnx +hdel +psubscribe +punsubscribe +publish +pttl +sadd +srem +set +time +type +xack +xadd +xautoclaim "
    "+xclaim +xdel +xgroup +xinfo +xlen +xrange +xreadgroup +zadd +zrangebyscore +zrem"
)
"""Of web, worker and audit on database 0."""
_PASSWORD = "a-secret"


class SecureRedis:
    """Debian's `redis-server`, ready to answer. Call `close` when done. Raises Missing."""

    def __init__(self, folder: Path) -> None:
        program = find_program("redis-server")
        self.port = free_port()
        self._ca = _make_certificates(folder)
        lines = [
            f"tls-port {self.port}",
            f"tls-cert-file {folder}/server.crt",
            f"tls-key-file {folder}/server.key",
            f"tls-ca-cert-file {self._ca}",
            "tls-auth-clients no",
            # Off, and with all rights: Redis 7.0 replays its AOF with these, and drops the transactions that they do
            # not allow, redis/redis#14541.
            "user default off ~* &* +@all",
            f"user pulse on >{_PASSWORD} {RIGHTS}",
        ]
        (folder / "redis.conf").write_text("\n".join([*lines, ""]), encoding="ascii")
        options = valkey_command(folder, 0)[1:]
        command = [program.path, str(folder / "redis.conf"), *options]
        self.process = LocalProcess(command, folder, name="redis", env=program.env)
        self.process.start()
        wait_until(self.answers)

    @property
    def url(self) -> str:
        """Its URL, with user, password and CA."""
        return f"rediss://pulse:{_PASSWORD}@127.0.0.1:{self.port}/0?ssl_ca_certs={self._ca}"

    def answers(self) -> bool:
        """Whether it answers."""
        try:
            with Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def close(self) -> None:
        """Stop it."""
        self.process.remove()


def _make_certificates(folder: Path) -> Path:
    """Make server.crt and server.key for 127.0.0.1, signed by ca.crt. Returns the path of ca.crt."""
    folder.mkdir()
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n", encoding="ascii")
    for words in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=CA",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=127.0.0.1",
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 2 -extfile names -out server.crt",
    ):
        subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)
    return folder / "ca.crt"

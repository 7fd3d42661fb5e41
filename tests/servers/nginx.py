"""A real nginx that runs deploy/nginx/pulse.conf, with a certificate made for the test."""

from __future__ import annotations

import os
import ssl
import subprocess
from contextlib import contextmanager
from http.client import HTTPResponse, HTTPSConnection
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from typing import TYPE_CHECKING, NamedTuple

from tests.facts import wait_until
from tests.once import locked
from tests.servers.debian import Missing, find_program
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.servers.debian import Program

NAME = "video.example"
CLIENT, STRANGER = "127.0.0.2", "127.0.0.3"
"""The tests' source addresses: the first may open /admin. nginx itself connects to the web server from 127.0.0.1."""

_CONFIG = ROOT / "deploy" / "nginx" / "pulse.conf"
_APT_SECONDS = 60
_MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/pulse.conf;
}}
"""


def find_nginx() -> Program | None:
    """The machine's nginx, or Debian's, unpacked into the cache now if need be; None if neither is available."""
    with locked("nginx"):
        try:
            return find_program("nginx")
        except Missing:
            return find_program("nginx") if _unpack() else None


class Proxy(NamedTuple):
    """A running nginx, reached by https as NAME."""

    https_port: int
    http_port: int
    certificate: Path

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        source: str = CLIENT,
    ) -> HTTPResponse:
        """The complete answer to one request; its body is `data`."""
        connection = Connection(self, source)
        connection.request(method, path, body or None, dict(headers or {}))
        answer = connection.getresponse()
        answer.data = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def context(self) -> ssl.SSLContext:
        """The TLS context of a client that trusts the test's certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))


class Connection(HTTPSConnection):
    """A client's connection from the address `source`, which sends the path unchanged."""

    def __init__(self, proxy: Proxy, source: str) -> None:
        super().__init__(NAME, timeout=10)
        self._proxy, self._source = proxy, source

    def connect(self) -> None:
        plain = create_connection(("127.0.0.1", self._proxy.https_port), self.timeout, (self._source, 0))
        plain.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self.sock = self._proxy.context().wrap_socket(plain, server_hostname=NAME)


@contextmanager
def proxying(nginx: Program, web_port: int, folder: Path, changes: Mapping[str, str]) -> Iterator[Proxy]:
    """An nginx in front of the web server on `web_port`: the file with its paths and ports replaced, and `changes`."""
    folder.mkdir()
    proxy = Proxy(free_port(), free_port(), folder / "fullchain.pem")
    _write_certificate(folder)
    text = "".join(line for line in _CONFIG.read_text().splitlines(keepends=True) if "listen [::]" not in line)
    for old, new in {
        "/etc/letsencrypt/live/video.example": str(folder),
        "listen 80": f"listen 127.0.0.1:{proxy.http_port}",
        "listen 443": f"listen 127.0.0.1:{proxy.https_port}",
        "127.0.0.1:8000": f"127.0.0.1:{web_port}",
        "# allow 198.51.100.0/24": f"allow {CLIENT}",
        **changes,
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "pulse.conf").write_text(text)
    main = folder / "nginx.conf"
    main.write_text(_MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    process = LocalProcess([nginx.path, "-p", str(folder), "-c", str(main)], folder, name="nginx", env=nginx.env)
    process.start()
    try:
        wait_until(lambda: _is_up(proxy) or process.status == "exited")
        assert process.status == "running", process.logs().decode()
        yield proxy
    finally:
        process.remove()


def _unpack() -> bool:
    try:
        command = [str(ROOT / "bin/debian-programs"), "nginx"]
        return subprocess.run(command, capture_output=True, check=False, timeout=_APT_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _write_certificate(folder: Path) -> None:
    options = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={NAME}"
    files = ["-keyout", "privkey.pem", "-out", "fullchain.pem", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run(["openssl", *options.split(), *files], cwd=folder, capture_output=True, check=True)


def _is_up(proxy: Proxy) -> bool:
    try:
        create_connection(("127.0.0.1", proxy.https_port), 1).close()
    except OSError:
        return False
    return True

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from pulse_analytics.config import Settings, read_run_file
from pulse_analytics.up.program import PROBE_SECONDS, http_lacks, port_lacks
from pulse_analytics.up.stack import ASGI_APP, CELERY_APP, stack
from pulse_analytics.up.up import _run_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pulse_analytics.up.program import Program


@pytest.fixture
def unready_port() -> Iterator[int]:
    """The port of a server that is alive but not ready."""

    class Unready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 503)
            self.end_headers()
            self.wfile.write(b"the database is away")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            pass

    with HTTPServer(("127.0.0.1", 0), Unready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def names(stages: list[list[Program]]) -> list[list[str]]:
    return [[program.name for program in stage] for stage in stages]


def test_the_embedded_stack_starts_data_servers_before_the_web_server(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, port=8001, flower_port=5556)
    stages = stack(settings, valkey_port=7001, lock=3)
    assert names(stages) == [["valkey"], ["migration"], ["web", "worker", "flower"]]
    commands = {program.name: list(program.command) for stage in stages for program in stage}
    assert "8001" in commands["web"]
    assert "--port=5556" in commands["flower"]
    assert stages[0][0].pass_fds == (3,)


def test_with_the_users_own_redis_and_without_flower_the_stack_leaves_them_out(tmp_path: Path) -> None:
    stages = stack(Settings(data_dir=tmp_path, flower_port=0), valkey_port=None, lock=3)
    assert names(stages) == [["migration"], ["web", "worker"]]


def test_a_stop_takes_less_than_ten_seconds_whatever_hangs(tmp_path: Path) -> None:
    stages = stack(Settings(data_dir=tmp_path), valkey_port=7001, lock=3)
    # While the migration runs, no later stage does, so its grace does not add to theirs.
    lasting = [[program.grace_seconds for program in stage if not program.once] for stage in stages]
    assert sum(max(graces, default=0) for graces in lasting) + PROBE_SECONDS <= 9.5


def test_the_key_of_user_ids_is_kept_for_the_next_run(tmp_path: Path) -> None:
    key = "a-key-of-user-ids-with-32-characters plain"
    with _run_file(Settings.parse({"PULSE_USER_ID_KEY": key}, tmp_path), None):
        assert Settings.load({"PULSE_DATA_DIR": str(tmp_path)}).user_ids.text == key
    assert Settings.load({"PULSE_DATA_DIR": str(tmp_path)}).user_ids.text == key
    with _run_file(Settings.parse({}, tmp_path), None):
        assert "PULSE_USER_ID_KEY" not in read_run_file(tmp_path)


def test_the_commands_name_modules_of_the_package(tmp_path: Path) -> None:
    stages = stack(Settings(data_dir=tmp_path), valkey_port=7001, lock=3)
    words = [word for stage in stages for program in stage for word in program.command]
    named = {word for word in words if word.startswith("pulse_")}
    assert {"pulse_analytics", ASGI_APP, CELERY_APP} < named
    assert all(find_spec(name.partition(":")[0]) for name in named)


def test_the_probe_of_a_server_that_is_not_ready_says_why(unready_port: int) -> None:
    assert http_lacks(unready_port, "/healthz") is None
    assert http_lacks(unready_port, "/readyz") == "GET /readyz answers 503: the database is away"
    assert port_lacks(unready_port) is None


def test_the_probe_of_a_port_without_a_listener_says_so() -> None:
    assert "refused" in (http_lacks(1, "/readyz") or "")
    assert "refused" in (port_lacks(1) or "")

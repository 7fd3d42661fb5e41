from __future__ import annotations

import os
import signal
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from pulse_analytics.config import read_run_file
from pulse_analytics.events import DEFAULT_EVENT
from pulse_analytics.up.program import LOG_LIMIT_BYTES
from pulse_analytics.up.run_file import write_run_file
from pulse_analytics.up.valkey import memory_bytes
from tests.up.conftest import eventually, is_alive

if TYPE_CHECKING:
    from tests.up.conftest import Run, Start

pytestmark = pytest.mark.stack

READY = "import os, time; print(f'pid={os.getpid()} ready.')\n"
SLEEPER = {"name": "sleeper", "code": READY + "time.sleep(600)"}
IS_UP = "pulse is up"


def noter(name: str, path: Path, *, seconds: float = 0.0) -> dict[str, str]:
    """A toy program that takes `seconds` to end and then writes its name into a file."""
    note = f"def end(*_):\n time.sleep({seconds})\n open({str(path)!r}, 'a').write({name!r} + ' ')\n os._exit(0)\n"
    code = f"import os, signal, time\n{note}signal.signal(signal.SIGTERM, end)\n{READY}\nwhile True: time.sleep(600)"
    return {"name": name, "code": code}


def redis_url(run: Run) -> str:
    return read_run_file(run.data_dir)["PULSE_REDIS_URL"]


def only_pid(run: Run, name: str = "sleeper") -> int:
    return int(run.log(name).rpartition("pid=")[2].split()[0])


def test_a_run_prints_what_it_chose_and_leaves_no_process_behind(start: Start) -> None:
    run = start(["valkey"], [SLEEPER])
    run.wait_for(IS_UP)
    chosen = read_run_file(run.data_dir)
    for name in ("PULSE_DATABASE_URL", "PULSE_ADMIN_TOKEN", "PULSE_PORT"):
        assert chosen[name] in run.output
    assert f"redis://127.0.0.1:{chosen['PULSE_VALKEY_PORT']}/0" in run.output
    assert redis.Redis.from_url(chosen["PULSE_REDIS_URL"]).ping()
    assert chosen["PULSE_EVENTS"] == DEFAULT_EVENT
    assert stat.S_IMODE(run.data_dir.stat().st_mode) == 0o700
    assert len(run.living()) == 2

    assert run.end() == 0
    assert not run.living()
    assert set(read_run_file(run.data_dir)) == {
        "PULSE_ADMIN_TOKEN",
        "PULSE_SESSION_KEY",
        "PULSE_VALKEY_PORT",
        "PULSE_VALKEY_PASSWORD",
    }


def test_other_users_of_the_machine_cannot_read_the_data(start: Start, tmp_path: Path) -> None:
    data_dir = tmp_path / "open"
    data_dir.mkdir(mode=0o755)
    write = {"name": "write", "code": f"open({str(data_dir / 'written')!r}, 'w'); print('ready.')", "once": True}
    run = start(["valkey"], [write], PULSE_DATA_DIR=str(data_dir))
    run.wait_for(IS_UP)
    made = [data_dir, *data_dir.rglob("*")]
    assert data_dir / "written" in made
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    chosen = read_run_file(data_dir)
    stranger = redis.Redis(port=int(chosen["PULSE_VALKEY_PORT"]))
    with pytest.raises(redis.AuthenticationError):
        stranger.flushall()
    password = chosen["PULSE_VALKEY_PASSWORD"]
    assert not [line for line in command_lines() if password in line]
    limit = redis.Redis.from_url(chosen["PULSE_REDIS_URL"]).config_get("maxmemory")["maxmemory"]
    assert 0 < int(limit or 0) <= memory_bytes() // 2
    assert run.end() == 0


def command_lines() -> list[str]:
    """The command lines of all processes, which any user of the machine can read."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return lines


def test_logs_are_rotated_while_their_programs_run(start: Start) -> None:
    # 60 MB in lines of 100 bytes, also while the log is copied, but never far ahead of a slow supervisor.
    code = READY + (
        "for block in range(60):\n"
        " print(*(f'{block * 10_000 + n:099}' for n in range(10_000)), sep='\\n')\n"
        " while os.fstat(1).st_size > 15_000_000: time.sleep(0.01)\n"
        f"while os.fstat(1).st_size > {LOG_LIMIT_BYTES}: time.sleep(0.01)\n"  # Else the next line may be moved away.
        "print('done', flush=True)\ntime.sleep(600)"
    )
    run = start([{"name": "talker", "code": code}])
    run.wait_for(IS_UP)
    pid = only_pid(run, "talker")
    eventually(lambda: run.log("talker").endswith("done\n"), 30)
    eventually(lambda: not (run.data_dir / "log" / "talker.log.new").exists())
    logs = {path.name: path.read_bytes() for path in (run.data_dir / "log").glob("talker.log*")}
    assert set(logs) == {"talker.log", "talker.log.1", "talker.log.2", "talker.log.3"}
    assert max(map(len, logs.values())) < 2 * LOG_LIMIT_BYTES
    kept = b"".join(logs[name] for name in sorted(logs, reverse=True)[:-1]) + logs["talker.log"]
    numbers = [int(line) for line in kept.split(b"\n") if len(line) == 99 and line.isdigit()]
    assert numbers == sorted(numbers)
    assert numbers[-1] > 599_000
    # Only lines written between a copy and the truncation are missing.
    assert (numbers[-1] - numbers[0] + 1) - len(numbers) < 20_000
    assert is_alive(pid)
    assert run.end() == 0


def test_the_next_run_has_the_same_data_token_and_address(start: Start) -> None:
    first = start(["valkey"])
    first.wait_for(IS_UP)
    chosen = read_run_file(first.data_dir)
    redis.Redis.from_url(redis_url(first)).set("kept", "yes")
    assert first.end() == 0

    second = start(["valkey"])
    second.wait_for(IS_UP)
    assert read_run_file(second.data_dir) == chosen
    assert redis.Redis.from_url(redis_url(second)).get("kept") == b"yes"
    assert second.end() == 0


def test_children_get_the_chosen_values_and_the_users_settings(start: Start) -> None:
    show = {"name": "show", "code": "import os; print({k: v for k, v in os.environ.items() if 'PULSE' in k}, 'ready.')"}
    token = "it's-mine-and-long-enough"
    run = start(["valkey"], [{**show, "once": True}], PULSE_DEDUPE_TTL_SECONDS="7", PULSE_ADMIN_TOKEN=token)
    run.wait_for(IS_UP)
    for words in (redis_url(run), "'PULSE_DEDUPE_TTL_SECONDS': '7'", str(run.data_dir), token):
        assert words in run.log("show")
    assert run.end() == 0


def test_a_secret_file_is_read_once_and_children_get_its_content(start: Start, tmp_path: Path) -> None:
    token = "a-token-that-is-in-a-file"
    (tmp_path / "secret").write_text(f"{token}\n")
    load = "from pulse_analytics.config import Settings; print(Settings.load().admin_token, 'ready.')"
    show = {"name": "show", "code": load, "once": True}
    run = start(["valkey"], [show], PULSE_ADMIN_TOKEN_FILE=str(tmp_path / "secret"))
    run.wait_for(IS_UP)
    assert run.log("show") == f"{token} ready.\n"
    assert read_run_file(run.data_dir)["PULSE_ADMIN_TOKEN"] == token
    assert run.end() == 0


def test_a_run_file_without_a_session_key_gets_one(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write_run_file(tmp_path / "data", {"PULSE_ADMIN_TOKEN": "the-token-of-an-earlier-run"})
    run = start(["valkey"])
    run.wait_for(IS_UP)
    chosen = read_run_file(run.data_dir)
    assert chosen["PULSE_ADMIN_TOKEN"] == "the-token-of-an-earlier-run"
    assert len(chosen["PULSE_SESSION_KEY"]) >= 32
    assert run.end() == 0


def test_a_short_token_of_an_earlier_run_exits_with_a_one_line_error(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write_run_file(tmp_path / "data", {"PULSE_ADMIN_TOKEN": "too-short"})
    run = start(["valkey"])
    assert run.process.wait(10) == 1
    assert run.output.startswith(f"pulse up: PULSE_ADMIN_TOKEN in {run.data_dir / 'pulse.env'} is too short: ")
    assert run.output.count("\n") == 1
    assert "too-short" not in run.output


def test_a_missing_secret_file_exits_with_a_one_line_error(start: Start) -> None:
    run = start([SLEEPER], PULSE_REDIS_URL_FILE="/nowhere/url")
    assert run.process.wait(10) == 1
    assert run.output == "pulse up: PULSE_REDIS_URL_FILE: cannot read /nowhere/url: No such file or directory.\n"


def test_an_address_left_by_a_killed_run_does_not_switch_valkey_off(start: Start, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    write_run_file(data_dir, {"PULSE_REDIS_URL": "redis://127.0.0.1:1/0", "PULSE_DATABASE_URL": "sqlite:////nowhere/x"})
    run = start(["valkey"])
    run.wait_for(IS_UP)
    assert redis_url(run) != "redis://127.0.0.1:1/0"
    assert read_run_file(data_dir)["PULSE_DATABASE_URL"] == f"sqlite:///{data_dir / 'pulse.db'}"
    assert run.end() == 0


@pytest.mark.parametrize("name", ["PULSE_REDIS_URL", "PULSE_BROKER_URL"])
@pytest.mark.parametrize(
    "url", ["redis://me:secret@127.0.0.1:1/0", "sentinel://:secret@127.0.0.1:1/pulse?sentinel_password=secret"]
)
def test_an_unreachable_redis_of_the_users_is_reported_without_its_password(start: Start, name: str, url: str) -> None:
    run = start([SLEEPER], **{name: url})
    assert run.process.wait(10) == 1
    assert f"The server of {name} (" in run.output
    assert "secret" not in run.output
    assert not run.log("sleeper")


def test_an_invalid_setting_exits_with_a_one_line_error(start: Start) -> None:
    run = start([SLEEPER], PULSE_PORT="http")
    assert run.process.wait(10) == 1
    assert run.output == "pulse up: PULSE_PORT must be a port from 1 to 65535, not 'http'.\n"


@pytest.mark.parametrize("name", ["PULSE_PORT", "PULSE_FLOWER_PORT"])
def test_a_port_in_use_exits_with_a_one_line_error(start: Start, ports: dict[str, str], name: str) -> None:
    with socket.socket() as other:
        # As some servers do, which would let `pulse up` share the port.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", int(ports[name])))
        other.listen()
        run = start([SLEEPER])
        assert run.process.wait(10) == 1
    assert run.output.count("\n") == 1
    assert ports[name] in run.output
    assert name in run.output


def test_a_second_run_on_the_same_data_is_refused_and_harms_nothing(start: Start, ports: dict[str, str]) -> None:
    first = start(["valkey"], [SLEEPER])
    first.wait_for(IS_UP)
    before = read_run_file(first.data_dir)
    second = start(["valkey"], [SLEEPER])
    assert second.process.wait(15) == 1
    assert "waiting for them" in second.output
    assert f"Another `pulse up` runs on {first.data_dir}" in second.output
    assert read_run_file(first.data_dir) == before
    assert redis.Redis.from_url(redis_url(first)).ping()
    assert first.end() == 0


def test_a_child_that_cannot_start_exits_with_a_one_line_error_and_stops_the_others(start: Start) -> None:
    broken = {"name": "broken", "code": "raise RuntimeError('no such thing')"}
    run = start(["valkey"], [SLEEPER, broken])
    assert run.process.wait(15) == 1
    last = run.output.splitlines()[-1]
    assert last == (
        "pulse up: broken could not start (exit code 1): RuntimeError: no such thing. "
        f"Its log: {run.data_dir / 'log' / 'broken.log'}."
    )
    assert not run.living()
    assert "PULSE_REDIS_URL" not in read_run_file(run.data_dir)


def test_a_missing_program_exits_with_a_one_line_error(start: Start) -> None:
    run = start([SLEEPER], [{"name": "broken", "command": ["/nowhere/to/be/found"]}])
    assert run.process.wait(15) == 1
    assert run.output.splitlines()[-1].startswith("pulse up: broken could not be started: [Errno 2]")
    assert not run.living()


def test_a_child_that_is_not_ready_in_time_exits_with_a_one_line_error(start: Start) -> None:
    mute = {"name": "mute", "code": "import time; print('thinking'); time.sleep(600)", "patience_seconds": 5}
    run = start([mute])
    assert run.process.wait(15) == 1
    assert "mute is not ready after 5 s (it has not said so): thinking. Its log:" in run.output


def test_a_failed_migration_exits_with_a_one_line_error_and_nothing_else_starts(start: Start) -> None:
    code = "import sys; sys.exit('OperationalError: no such column\\n(Background: https://x)')"
    run = start(["valkey"], [{"name": "migration", "code": code, "once": True}], [SLEEPER])
    assert run.process.wait(15) == 1
    assert "migration could not start (exit code 1): OperationalError: no such column. Its log:" in run.output
    assert not run.log("sleeper")
    assert not run.living()


def test_a_child_that_dies_is_restarted_with_back_off(start: Start) -> None:
    run = start([SLEEPER, {**SLEEPER, "name": "other"}])
    run.wait_for(IS_UP)
    other = only_pid(run, "other")
    for delay in ("0.5", "1", "2"):
        dead = only_pid(run)
        killed = time.monotonic()
        os.kill(dead, signal.SIGKILL)
        run.wait_for(f"It is started again in {delay} s.")
        eventually(lambda dead=dead: only_pid(run) != dead)  # type: ignore[misc]
        assert time.monotonic() - killed >= float(delay)
    assert run.output.count("sleeper ended (signal SIGKILL)") == 3
    assert only_pid(run, "other") == other
    assert run.end() == 0
    assert not run.living()


def test_a_killed_valkey_is_restarted_at_its_address_with_its_data(start: Start) -> None:
    run = start(["valkey"])
    run.wait_for(IS_UP)
    server = redis.Redis.from_url(redis_url(run))
    server.set("kept", "yes")
    os.kill(server.info("server")["process_id"], signal.SIGKILL)
    run.wait_for("valkey ended (signal SIGKILL)")

    def answers() -> bool:
        try:
            return server.get("kept") == b"yes"
        except redis.ConnectionError:
            return False

    eventually(answers)
    assert run.end() == 0


def test_processes_that_a_dead_child_left_are_killed_before_its_restart(start: Start) -> None:
    family = "import os, time\nos.fork()\n" + READY + "time.sleep(600)"
    run = start([{"name": "family", "code": family}])
    run.wait_for(IS_UP)
    eventually(lambda: len(run.pids()) == 2)
    parent = next(pid for pid in run.pids() if os.getpgid(pid) == pid)
    (child,) = run.pids() - {parent}
    os.kill(parent, signal.SIGKILL)
    run.wait_for("family ended (signal SIGKILL)")
    eventually(lambda: not is_alive(child), seconds=1)
    assert run.end() == 0
    assert not run.living()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_last_stage_ends_first_whatever_the_signal_and_however_often(
    start: Start, tmp_path: Path, number: int
) -> None:
    notes = tmp_path / "notes"
    run = start([noter("store", notes)], [noter("quick", notes), noter("slow", notes, seconds=1)])
    run.wait_for(IS_UP)
    run.process.send_signal(number)
    time.sleep(0.3)
    assert run.end(number) == 0
    assert notes.read_text() == "quick slow store "
    assert run.output.endswith("Stopped. The data is kept for the next run.\n")


def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(start: Start) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY + "time.sleep(600)"
    run = start([{"name": "deaf", "code": "import os\nos.fork()\n" + deaf, "grace_seconds": 0.5}])
    run.wait_for(IS_UP)
    eventually(lambda: len(run.living()) == 2)
    assert run.end(seconds=3) == 0
    eventually(lambda: not run.living(), seconds=1)


def test_a_signal_during_the_start_stops_what_was_started(start: Start) -> None:
    mute = {"name": "mute", "code": "import os, time; print(f'pid={os.getpid()}'); time.sleep(600)"}
    run = start(["valkey"], [mute])
    eventually(lambda: "pid=" in run.log("mute"))
    assert run.end(signal.SIGINT) == 0
    assert IS_UP not in run.output
    assert not run.living()


def test_a_child_in_back_off_is_not_restarted_after_a_stop(start: Start) -> None:
    run = start([{"name": "brief", "code": READY + "time.sleep(0.5)"}])
    run.wait_for("It is started again in 0.5 s.")
    starts = run.log("brief").count("pid=")
    assert run.end() == 0
    assert run.log("brief").count("pid=") - starts <= 1
    assert not run.living()


def test_a_killed_run_leaves_no_process_and_the_next_run_starts(start: Start) -> None:
    first = start(["valkey"], [SLEEPER])
    first.wait_for(IS_UP)
    first.end(signal.SIGKILL)
    second = start(["valkey"], [{**SLEEPER, "name": "other"}])
    second.wait_for(IS_UP)
    assert not is_alive(only_pid(first))
    assert second.end() == 0
    assert not second.living()


def test_the_lock_lasts_until_valkey_has_ended(start: Start) -> None:
    first = start(["valkey"])
    first.wait_for(IS_UP)
    valkey = redis.Redis.from_url(redis_url(first)).info("server")["process_id"]
    os.kill(valkey, signal.SIGSTOP)
    first.end(signal.SIGKILL)
    second = start(["valkey"])
    second.wait_for("waiting for them")
    time.sleep(0.5)
    assert second.process.poll() is None
    os.kill(valkey, signal.SIGCONT)  # Now it receives its pending SIGTERM.
    second.wait_for(IS_UP)
    assert second.end() == 0


def test_a_closed_output_pipe_disturbs_neither_a_restart_nor_the_stop(start: Start, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    reading, writing = os.pipe()
    run = start([noter("store", notes)], [noter("web", notes)], output=writing)
    os.close(writing)
    eventually(lambda: "ready." in run.log("web"))
    time.sleep(0.5)
    os.close(reading)
    os.kill(only_pid(run, "web"), signal.SIGKILL)
    eventually(lambda: run.log("web").count("ready.") == 2)
    run.end()
    assert notes.read_text() == "web store "

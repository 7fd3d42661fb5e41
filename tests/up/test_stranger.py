"""`pulse up` beside another user of the same machine, who can reach its ports and see its processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.config import read_run_file
from tests.facts import report, wait_until
from tests.servers.worker import ROOT
from tests.up.test_whole import up

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(os.getuid() != 0, reason="Only root can act as another user."),
]

SECRETS = ("PULSE_ADMIN_TOKEN", "PULSE_VALKEY_PASSWORD")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can enter (unlike pytest's own), with a data directory in it that all can read."""
    folder = Path(tempfile.mkdtemp(prefix="pulse-stranger-"))
    folder.chmod(0o755)
    (folder / "var").mkdir(mode=0o755)
    (folder / "for-all").touch(mode=0o644)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.nightly
def test_another_user_can_neither_read_nor_control_nor_empty_anything(folder: Path) -> None:
    with up(folder) as whole:
        chosen = read_run_file(whole.data_dir)
        sent = [report("v1", f"u{number}") for number in range(3)]
        assert [whole.post(each) for each in sent] == [202] * 3
        ports = (chosen["PULSE_VALKEY_PORT"], chosen["PULSE_FLOWER_PORT"])
        command = [sys.executable, "-m", "tests.up.stranger", str(whole.data_dir), *ports]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        found: dict[str, Any] = json.loads(done.stdout)

        seen = found.pop("seen of all processes")
        assert "pulse_analytics" in seen
        assert [name for name in SECRETS if chosen[name] in seen] == []
        assert found.pop("what is for all") == "done"
        assert {name: result for name, result in found.items() if not _is_refused(name, str(result))} == {}
        assert len(found) > 15

        wait_until(lambda: whole.counts() == {"v1": 3})
        assert whole.post(sent[0]) == 200
        assert whole.pulse("worker-alive").returncode == 0


def _is_refused(name: str, result: str) -> bool:
    kind = name.partition(" ")[0]
    if kind == "Valkey":
        return result.startswith("-NOAUTH")
    if kind == "Celery":
        return "Authentication required" in result
    return result.startswith("PermissionError") if kind in {"the", "file"} else result == "401"

"""Migrations that run while events flow: the project's own, and two of the harness's that go up and down again."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory

from tests.servers.local_process import LocalProcess
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HEAD = ScriptDirectory(str(ROOT / "migrations")).get_current_head() or ""
LAST_EXTRA = "crash2"

_EXTRA = {
    "crash1": (
        'op.create_index("ix_crash", "video_events", ["video_id", "ts"])',
        'op.drop_index("ix_crash", "video_events")',
    ),
    LAST_EXTRA: (
        'for table in ("video_events", "video_metrics"): op.add_column(table, sa.Column("crash", sa.Integer))',
        'for table in ("video_metrics", "video_events"): op.drop_column(table, "crash")',
    ),
}


class Migrations:
    """Runs `pulse db ...` on the database at `url`, with logs in `folder`."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._folder = folder
        self._env = env
        self._runs = 0

    def upgrade(self, revision: str = "head") -> LocalProcess:
        """Start to upgrade the database to `revision`."""
        return self._start("upgrade", revision)

    def upgrade_beyond(self) -> LocalProcess:
        """Start to apply the harness's own migrations: an index, and a column in two tables."""
        return self._start("upgrade", "-d", str(self._extra()))

    def come_back(self) -> LocalProcess:
        """Start to remove what `upgrade_beyond` added."""
        return self._start("downgrade", "-d", str(self._extra()), HEAD)

    def _start(self, *words: str) -> LocalProcess:
        self._runs += 1
        command = [sys.executable, "-m", "pulse_analytics", "db", *words]
        process = LocalProcess(command, self._folder, name=f"migration{self._runs}", env=self._env, cwd=ROOT)
        process.start()
        return process

    def _extra(self) -> Path:
        """A copy of migrations/ with the harness's own added."""
        folder = self._folder / "migrations"
        if not folder.exists():
            shutil.copytree(ROOT / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
            below = HEAD
            for revision, (upgrade, downgrade) in _EXTRA.items():
                text = _revision(revision, below, upgrade, downgrade)
                (folder / "versions" / f"{revision}.py").write_text(text, encoding="ascii")
                below = revision
        return folder


def _revision(revision: str, below: str, upgrade: str, downgrade: str) -> str:
    return f"""import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {below!r}


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
"""

"""How the libraries are configured, where a default would break a promise."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import psycopg
import pytest

from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.database import db, sqlite, writing
from pulse_analytics.database.postgresql import is_pooled
from pulse_analytics.errors import ConfigError
from pulse_analytics.ingest.recorder import record
from pulse_analytics.reports.queries import counts_of
from tests.conftest import migrate
from tests.test_events import event

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from tests.servers.postgres import PostgresServer


def test_the_certificate_of_a_tls_broker_is_verified(tmp_path: Path) -> None:
    app = create_app(Settings.parse({"PULSE_REDIS_URL": "rediss://127.0.0.1:1/0"}, tmp_path))
    assert app.extensions["celery"].connection().ssl["ssl_cert_reqs"] is ssl.CERT_REQUIRED


def test_a_database_with_sql_ascii_encoding_stores_every_text(postgres: PostgresServer, tmp_path: Path) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
        )
    settings = Settings.parse({"PULSE_DATABASE_URL": postgres.url("ascii")}, tmp_path)
    migrate(settings)
    app = create_app(settings)
    with app.app_context():
        assert len(record([event("\U0001f600"), event("é")])) == 2
        assert set(counts_of(["\U0001f600", "é"])) == {"\U0001f600", "é"}
        assert app.test_client().get("/readyz").get_json()["checks"]["database"] == "ok"
        db.engine.dispose()
    postgres.drop_database("ascii")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_a_pooler_statements_are_prepared(app: Flask) -> None:
    for number in range(8):
        record([event("v", f"u{number}")])
    with db.engine.connect() as connection:
        assert not is_pooled(connection)
        prepared = connection.exec_driver_sql("SELECT statement FROM pg_prepared_statements").scalars().all()
    assert any("INSERT INTO video_events" in statement for statement in prepared)


def test_a_wal_file_that_grew_during_a_long_read_is_truncated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_WAL_BYTES", 1_000_000)
    wal = tmp_path / "pulse.db-wal"
    with create_app(Settings.parse({}, tmp_path)).app_context():
        with writing(db.engine).begin() as connection:
            connection.exec_driver_sql("CREATE TABLE big (bytes BLOB)")
        with db.engine.connect() as reader:
            reader.exec_driver_sql("SELECT * FROM big").all()
            for _ in range(5):
                with writing(db.engine).begin() as connection:
                    connection.exec_driver_sql("INSERT INTO big VALUES (zeroblob(1000000))")
            assert wal.stat().st_size > 5_000_000
        for _ in range(2):  # The first one moves the WAL's content into the database, the second one restarts it.
            with writing(db.engine).begin() as connection:
                connection.exec_driver_sql("INSERT INTO big VALUES (zeroblob(1000))")
        assert wal.stat().st_size <= 1_000_000
        db.engine.dispose()


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings.parse({"PULSE_DATABASE_URL": f"sqlite:///{tmp_path}/file/pulse.db"}, tmp_path)
    with pytest.raises(ConfigError, match="PULSE_DATABASE_URL"):
        create_app(settings)

"""The database's own diary of raw events that were deleted: a copy of each, written in the transaction of the deletion.

The archive holds counts, and so cannot say which events they are of. With the diary, every raw event that was ever
committed is known at the end: it is still there, or it is in the diary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crash.database import Database

_TABLE = """
    CREATE TABLE crash_deleted (
        at_ms BIGINT NOT NULL, id TEXT NOT NULL, video_id TEXT NOT NULL, event TEXT NOT NULL, user_id TEXT NOT NULL,
        ts BIGINT NOT NULL, received_at {time} NOT NULL, created_at {time} NOT NULL
    );
"""

SQLITE = (
    _TABLE.format(time="TEXT")
    + """
    CREATE TRIGGER crash_deleted AFTER DELETE ON video_events BEGIN
        INSERT INTO crash_deleted VALUES (
            CAST(strftime('%s', 'now') AS INTEGER) * 1000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER),
            OLD.id, OLD.video_id, OLD.event, OLD.user_id, OLD.ts, OLD.received_at, OLD.created_at
        );
    END;
"""
)

POSTGRESQL = (
    _TABLE.format(time="TIMESTAMPTZ")
    + """
    CREATE FUNCTION crash_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO crash_deleted VALUES (
            floor(extract(epoch FROM clock_timestamp()) * 1000),
            OLD.id, OLD.video_id, OLD.event, OLD.user_id, OLD.ts, OLD.received_at, OLD.created_at
        );
        RETURN NULL;
    END $$;
    CREATE TRIGGER crash_deleted AFTER DELETE ON video_events FOR EACH ROW EXECUTE FUNCTION crash_deleted();
"""
)


def keep_diary(database: Database) -> None:
    """Let the database, which must be at the newest migration, keep the diary from now on."""
    database.run(POSTGRESQL if database.port else SQLITE)

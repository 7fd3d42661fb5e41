"""PUT, DELETE and GET /admin/videos: parse, call, answer. The parent blueprint in `web/admin.py` guards these views."""

from __future__ import annotations

from typing import Any, TypedDict

from flask import Blueprint, request

from pulse_analytics.catalogue import schemas, storage
from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES
from pulse_analytics.json_body import read_json

blueprint = Blueprint("catalogue", __name__)


class Stored(TypedDict):
    """The answer to a PUT."""

    stored: int


class Deleted(TypedDict):
    """The answer to a DELETE."""

    deleted: int


class Page(TypedDict):
    """A page of the catalogue."""

    videos: list[dict[str, Any]]
    """As EntrySchema spells them."""
    nextCursor: str | None


_entry_schema = schemas.EntrySchema()
_catalogue_schema = schemas.CatalogueSchema()
_delete_schema = schemas.DeleteSchema()
_list_schema = schemas.ListSchema()


@blueprint.put("")
def put() -> Stored:
    """Store entries, each in place of the one that its video had: all of them, or none."""
    entries = schemas.load(_catalogue_schema, read_json(BATCH_BODY_LIMIT_BYTES, "application/json"))
    storage.replace(entries)
    return {"stored": len(entries)}


@blueprint.delete("")
def delete() -> Deleted:
    """Delete the entries of some videos."""
    video_ids = schemas.load(_delete_schema, read_json(BATCH_BODY_LIMIT_BYTES, "application/json"))
    return {"deleted": storage.remove(video_ids)}


@blueprint.get("")
def show() -> Page:
    """A page of the catalogue, by id."""
    entries, last = storage.page(schemas.load(_list_schema, request.args))
    cursor = schemas.write_cursor(last) if last else None
    return {"videos": _entry_schema.dump(entries, many=True), "nextCursor": cursor}

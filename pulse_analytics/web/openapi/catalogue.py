"""The parameters and answers of the catalogue's routes."""

from __future__ import annotations

from marshmallow import Schema, fields

from pulse_analytics.catalogue.schemas import CatalogueSchema, DeleteSchema, EntrySchema, ListSchema
from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES
from pulse_analytics.web.openapi.parts import Part, answer, body, problems

_CHANGE: list[Part] = [{"adminToken": []}, {"session": [], "csrfToken": []}]
_VIDEO: Part = {
    "videoId": "intro",
    "title": "An introduction",
    "pageUrl": "https://video.example/intro",
    "durationSeconds": 92.5,
    "posterUrl": "https://video.example/intro.jpg",
    "tags": ["basics", "music"],
}


def _count(name: str) -> type[Schema]:
    return Schema.from_dict({name.lower(): fields.Integer(required=True)}, name=name)


_Listed = Schema.from_dict(
    {
        "videos": fields.List(fields.Nested(EntrySchema), required=True),
        "nextCursor": fields.String(
            required=True, allow_none=True, metadata={"description": "For the next page; `null` on the last one."}
        ),
    },
    name="Listed",
)

CATALOGUE: dict[str, Part] = {
    "admin.catalogue.show": {
        "tags": ["Catalogue"],
        "summary": "The entries, by `videoId`",
        "security": [{"adminToken": []}, {"session": []}],
        "parameters": [{"in": "query", "schema": ListSchema}],
        "responses": {
            "200": answer("A page.", _Listed, example={"videos": [_VIDEO], "nextCursor": None}),
            **problems(400, 401, 503),
        },
    },
    "admin.catalogue.put": {
        "tags": ["Catalogue"],
        "summary": "Store entries",
        "description": "All, or none if one is wrong: `errors` names up to 100 faults, as `videos.<n>.<field>`. Each "
        "replaces the whole entry of its video, so sending the same again changes nothing.",
        "security": _CHANGE,
        "requestBody": body(CatalogueSchema, BATCH_BODY_LIMIT_BYTES, stored={"videos": [_VIDEO]}),
        "responses": {
            "200": answer("They are stored.", _count("Stored"), stored={"stored": 1}),
            **problems(400, 401, 403, 408, 413, 415, 503),
        },
    },
    "admin.catalogue.delete": {
        "tags": ["Catalogue"],
        "summary": "Delete entries",
        "description": "The counts of the videos stay.",
        "security": _CHANGE,
        "requestBody": body(DeleteSchema, BATCH_BODY_LIMIT_BYTES, deleted={"videoIds": ["intro", "none"]}),
        "responses": {
            "200": answer("How many of these videos had one.", _count("Deleted"), deleted={"deleted": 1}),
            **problems(400, 401, 403, 408, 413, 415, 503),
        },
    },
}

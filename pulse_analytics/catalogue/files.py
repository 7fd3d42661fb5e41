"""The rows of a CSV or JSON file, each an entry or what is wrong with it."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from pulse_analytics.catalogue.schemas import EntrySchema, load
from pulse_analytics.errors import FixRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

    from pulse_analytics.catalogue.entries import Entry

COLUMNS = {
    "video_id": "videoId",
    "title": "title",
    "page_url": "pageUrl",
    "duration_seconds": "durationSeconds",
    "poster_url": "posterUrl",
    "tags": "tags",
}
"""The columns of a CSV file, and the fields of JSON that they hold."""
_HEADERS = {field: column for column, field in COLUMNS.items()}

_schema = EntrySchema()


class BadFile(Exception):
    """Nothing of the file can be read. The message says why."""


class WrongRow(Exception):
    """A row that holds no entry. The message names its place and every fault."""


class Row(NamedTuple):
    """A row of the file."""

    place: str
    """As messages name it: `Line 7`, or in JSON `videos.6`."""
    fields: Any
    """As EntrySchema spells them."""
    names: Mapping[str, str]
    """As the file spells the fields; those that it spells as the schema does are absent."""

    def entry(self, places: dict[str, str]) -> Entry:
        """The entry. `places` holds where each earlier id is, and from now on this one, too. Raises WrongRow."""
        try:
            entry: Entry = load(_schema, self.fields)
        except FixRequest as error:
            raise self._wrong(*((each.field, each.detail) for each in error.errors)) from error
        if (place := places.setdefault(entry.video_id, self.place)) != self.place:
            raise self._wrong(("videoId", f"Is the same as that of {place}."))
        return entry

    def _wrong(self, *faults: tuple[str, str]) -> WrongRow:
        return WrongRow(f"{self.place}: {' '.join(f'{self.names.get(name, name)}: {why}' for name, why in faults)}")


def read_rows(path: Path) -> list[Row]:
    """The rows of a file. Raises BadFile."""
    read = {".csv": _of_csv, ".json": _of_json}.get(path.suffix.lower())
    if read is None:
        raise BadFile("Its name must end with .csv or .json.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # Spreadsheets write a byte order mark.
            return list(read(file))
    except UnicodeDecodeError as error:
        raise BadFile(f"It is not UTF-8: {error.reason} at byte {error.start}.") from error


def _of_csv(file: TextIO) -> Iterator[Row]:
    reader = csv.reader(file, strict=True)
    try:
        header = _checked(next(reader, []))
        line = reader.line_num + 1
        for cells in reader:
            if cells:  # Not an empty line.
                yield Row(f"Line {line}", _fields(header, cells), _HEADERS)
            line = reader.line_num + 1  # A cell may have several.
    except csv.Error as error:
        raise BadFile(f"Line {reader.line_num}: {error}.") from error


def _checked(header: list[str]) -> list[str]:
    unknown = [column for column in header if column not in COLUMNS]
    if "video_id" not in header or unknown or len(set(header)) < len(header):
        raise BadFile(f"Its first line must name video_id and any of the columns {', '.join(COLUMNS)}, each once.")
    return header


def _fields(header: list[str], cells: list[str]) -> dict[str, Any]:
    """The cells by the names of EntrySchema, without empty ones. It refuses those that the header does not name."""
    columns = [*header, *(f"column {number}" for number in range(len(header) + 1, len(cells) + 1))]
    given = {column: cell for column, cell in zip(columns, cells, strict=False) if cell}
    fields: dict[str, Any] = {COLUMNS.get(column, column): cell for column, cell in given.items()}
    if "tags" in given:
        fields["tags"] = [tag for part in given["tags"].split("|") if (tag := part.strip())]
    with suppress(KeyError, ValueError):  # What is not a number stays text, which the schema refuses.
        fields["durationSeconds"] = float(given["duration_seconds"])
    return fields


def _of_json(file: TextIO) -> Iterator[Row]:
    try:
        held = json.load(file)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"It is not JSON: {error}.") from error
    videos = held.get("videos") if isinstance(held, dict) else held
    if not isinstance(videos, list):
        raise BadFile("It must hold a list of videos, or an object whose `videos` is one.")
    return (Row(f"videos.{number}", video, {}) for number, video in enumerate(videos))

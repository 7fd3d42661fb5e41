"""`pulse videos import`."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pulse_analytics.catalogue.commands import videos_group
from pulse_analytics.catalogue.files import COLUMNS
from pulse_analytics.catalogue.schemas import MAX_VIDEOS
from tests.catalogue.conftest import Catalogue, entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result
    from flask import Flask

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HEADER = ",".join(COLUMNS)
HOSTILE = [
    "<script>alert(1)</script> &amp;",
    '=HYPERLINK("http://x")',
    "+1-1",
    "@SUM(A1)",
    "\u202eשלם לכם\u202c",
    "\u200f مرحبا بالعالم",
    'a, b; "c" | d',
    "'; DROP TABLE video_catalogue; --",
    " spaces at both ends ",
    "\U0001f600" * 500,
    "x" * 500,
]


@pytest.fixture
def run(app: Flask, tmp_path: Path) -> Callable[..., Result]:
    """Writes a file and imports it."""

    def run(content: str | bytes, *options: str, name: str = "videos.csv") -> Result:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return app.test_cli_runner().invoke(videos_group, ["import", str(file), *options])

    return run


def test_a_csv_file_is_imported_and_replaces_the_entries_of_its_videos(
    run: Callable[..., Result], catalogue: Catalogue
) -> None:
    catalogue.put({"videoId": "v1", "title": "old", "tags": ["old"]}, {"videoId": "other"})
    rows = "v1,A title,https://x.example/1,92.5,https://x.example/1.jpg,music| live |\n\nv2,,,,,\nv3\n"
    for _ in range(2):
        done = run(f"\ufeff{HEADER}\r\n{rows}")
        assert (done.exit_code, done.stdout, done.stderr) == (0, "Imported 3 of 3 rows.\n", "")
        assert catalogue.all() == [
            entry("other"),
            entry(
                "v1",
                title="A title",
                pageUrl="https://x.example/1",
                durationSeconds=92.5,
                posterUrl="https://x.example/1.jpg",
                tags=["live", "music"],
            ),
            entry("v2"),
            entry("v3"),
        ]


@on_sqlite
def test_columns_may_be_in_any_order_and_left_out(run: Callable[..., Result], catalogue: Catalogue) -> None:
    assert run("tags,video_id\na,v1\n").exit_code == 0
    assert catalogue.all() == [entry("v1", tags=["a"])]


@on_sqlite
@pytest.mark.parametrize("wrap", [lambda videos: videos, lambda videos: {"videos": videos}], ids=["list", "body"])
def test_a_json_file_is_a_list_or_the_body_of_a_put(
    run: Callable[..., Result], catalogue: Catalogue, wrap: Callable[[object], object]
) -> None:
    videos = [entry(f"v{number:04}", title=str(number), tags=["a|b"]) for number in range(MAX_VIDEOS + 1)]
    assert run(json.dumps(wrap(videos)), name="videos.JSON").stdout == "Imported 1001 of 1001 rows.\n"
    assert catalogue.all(limit=1000) == videos


WRONG = f"""{HEADER}
v1,"{"x" * 501}",,,,
"v2","over
two lines",,,,
v3,good,,,,
v3,again,ftp://x,1,,
v4,,,twelve,,,more
v5,last,,,,
v3,last,,,,
"""
FAULTS = [
    "Line 2: title: Must be",
    "Line 3: title: Must be",
    "Line 6: page_url: Must be",
    "Line 7: column 7: ",
    "Line 9: video_id: Is the same as that of Line 5.",
]


def test_wrong_rows_are_named_by_their_line_and_nothing_is_imported(
    run: Callable[..., Result], catalogue: Catalogue
) -> None:
    done = run(WRONG)
    assert done.exit_code == 1
    assert catalogue.all() == []
    *faults, last = done.stderr.splitlines()
    assert [fault[: len(start)] for fault, start in zip(faults, FAULTS, strict=True)] == FAULTS
    assert "duration_seconds: Not a valid number." in faults[3]
    assert last == "Error: Nothing was imported, because rows are wrong: --skip-wrong imports the others."


def test_skip_wrong_imports_the_other_rows(run: Callable[..., Result], catalogue: Catalogue) -> None:
    done = run(WRONG, "--skip-wrong")
    assert (done.exit_code, done.stdout) == (0, "Imported 2 of 7 rows.\n")
    assert len(done.stderr.splitlines()) == len(FAULTS)
    assert catalogue.all() == [entry("v3", title="good"), entry("v5", title="last")]


@on_sqlite
def test_a_wrong_video_of_a_json_file_is_named_by_its_place(run: Callable[..., Result]) -> None:
    done = run('[{"videoId": "a"}, 3, {"videoId": "a", "pageUrl": "x"}, {"videoId": "a"}]', name="videos.json")
    assert [line.partition(" Must")[0] for line in done.stderr.splitlines()[:3]] == [
        "videos.1: body:",
        "videos.2: pageUrl:",
        "videos.3: videoId: Is the same as that of videos.0.",
    ]


@on_sqlite
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "Its first line must name video_id"),
        ("a.csv", "title\nx\n", "Its first line must name video_id"),
        ("a.csv", "video_id,titel\nv1,x\n", "Its first line must name video_id"),
        ("a.csv", "video_id,title,title\n", "each once"),
        ("a.csv", "video_id;title\n", "Its first line must name video_id"),
        ("a.csv", b"video_id\n\xff\n", "It is not UTF-8: invalid start byte at byte 9."),
        ("a.csv", 'video_id\n"a\nb', "Line 3: unexpected end of data."),
        ("a.csv", 'video_id\n"a"b\n', "Line 2: "),
        ("a.json", "[", "It is not JSON: "),
        ("a.json", "[" * 100_000, "It is not JSON: "),
        ("a.json", "3", "It must hold a list"),
        ("a.txt", "video_id\n", "Its name must end with .csv or .json."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(
    run: Callable[..., Result], catalogue: Catalogue, name: str, content: str | bytes, message: str
) -> None:
    for options in ([], ["--skip-wrong"]):
        done = run(content, *options, name=name)
        assert (done.exit_code, done.stdout) == (1, "")
        assert message in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert catalogue.all() == []


titles = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=500) | st.sampled_from(HOSTILE)


@settings(max_examples=25)
@given(st.lists(titles, min_size=1, max_size=5), st.sampled_from(["csv", "json"]))
@example(HOSTILE, "csv")
@example(HOSTILE, "json")
def test_any_title_comes_back_as_it_was_given(app: Flask, tmp_path: Path, titles: list[str], kind: str) -> None:
    videos = [{"videoId": f"v{number:02}", "title": title} for number, title in enumerate(titles)]
    file = tmp_path / f"titles.{kind}"
    with file.open("w", encoding="utf-8", newline="") as out:
        if kind == "csv":
            csv.writer(out).writerows([["video_id", "title"], *(video.values() for video in videos)])
        else:
            json.dump(videos, out)
    assert app.test_cli_runner().invoke(videos_group, ["import", str(file)]).exit_code == 0
    shown: list[dict[str, Any]] = Catalogue(app.test_client()).all()[: len(videos)]
    assert [video["title"] for video in shown] == titles


@on_sqlite
def test_an_old_schema_is_refused_in_a_sentence(run: Callable[..., Result], app: Flask) -> None:
    import flask_migrate

    flask_migrate.downgrade(revision="0005")
    done = run("video_id\nv1\n")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: The database schema is out of date: ")

"""What the catalogue holds about a video, and which page of it is asked for. Pure: no I/O."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A video's entry. Its values are valid: whatever builds an Entry has checked them."""

    video_id: str
    title: str | None = None
    page_url: str | None = None
    duration_seconds: float | None = None
    poster_url: str | None = None
    tags: tuple[str, ...] = ()
    """Each once, in code point order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which page of the catalogue."""

    text: str
    """Only videos whose title has these words, or whose id begins with it; empty: all."""
    after: str | None
    """The last id of the previous page; None for the first page."""
    limit: int

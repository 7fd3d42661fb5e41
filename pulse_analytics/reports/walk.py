"""The ranking of a range of days among the many videos of a search, in the order of the ranking of all time.

A video has at most as many views in a range as of all time. So walk down the ranking of all time, over the videos that
match, and add up their days. Once the last wanted place has more views in the range than the next video has of all
time, no video below belongs on the page, and the result is exact.

The threshold algorithm reads the ranking of each day, and so decides 30 times whether a title has the words: this one
does once. In turn it reads far where most of the matching videos had their views before the range, and gives up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pulse_analytics.reports.all_time import find_of_all_time
from pulse_analytics.reports.paging import Counted, Place
from pulse_analytics.reports.queries import sums_by_video

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pulse_analytics.reports.paging import Query
    from pulse_analytics.reports.search import Matches

DEPTH = 4
"""The first stretch holds this many times as many videos as are wanted: enough if a third of the views of the last
place lie in the range, and counts follow Zipf's law. Each further stretch doubles what was read."""
MOST_VIDEOS = 20_000
"""After this many videos it gives up."""


def find_by_walk(connection: Connection, query: Query, matches: Matches, most: int) -> list[Counted] | None:
    """The first `most` of these videos after `query.after`, and their counts; None if it had to give up."""
    after = query.after
    read = 0
    stretch = DEPTH * ((after.rank if after else 0) + most)
    last: Place | None = None
    found: list[Counted] = []
    while read < MOST_VIDEOS:
        videos = find_of_all_time(connection, replace(query, after=last), matches, stretch)
        read += len(videos)
        sums = sums_by_video(connection, [video_id for video_id, _ in videos], query.days, [query.event])
        counted = [Counted(*each) for each in sums if each[1] > 0]
        found += [each for each in counted if after is None or after.is_before(each.range_count, each.video_id)]
        found = sorted(found, key=lambda each: (-each.range_count, each.video_id))[:most]
        if len(videos) < stretch or (len(found) == most and found[-1].range_count > videos[-1].range_count):
            return found
        last = Place(read, videos[-1].range_count, videos[-1].video_id)
        stretch = read
    return None

from __future__ import annotations

import math

import pytest

from benchmarks.figures import Board, Compare, Spread, percentile


@pytest.mark.parametrize(
    ("samples", "percent", "expected"),
    [
        ([7.0], 50, 7.0),
        ([7.0], 99, 7.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.0),
        ([float(number) for number in range(1, 101)], 99, 99.0),
        ([float(number) for number in range(1, 101)], 100, 100.0),
        ([float(number) for number in range(1, 1001)], 99, 990.0),
        ([1.0, 2.0], 0, 1.0),
    ],
)
def test_a_percentile_is_the_smallest_sample_that_this_share_does_not_exceed(
    samples: list[float], percent: float, expected: float
) -> None:
    assert percentile(samples, percent) == expected


def test_a_spread_is_minimum_median_and_maximum() -> None:
    assert Spread.of([3.0, 1.0, 10.0]) == Spread(least=1.0, median=3.0, most=10.0)
    assert Spread.of([4.0, 2.0]).median == 3.0


def test_a_ratio_compares_samples_of_the_same_round() -> None:
    board = Board()
    for ours, theirs in ((10.0, 20.0), (40.0, 50.0), (30.0, 100.0)):
        board.add("accept", "posts", "events/s", ours)
        board.add("accept", "posts", "events/s", theirs, "rival")

    [figure] = board.figures
    assert figure.ratio("rival") == Spread(0.3, 0.5, 0.8)
    assert figure.ratio("pulse") is None


def test_each_size_is_divided_by_the_first() -> None:
    board = Board()
    for who, rate in (("1,000", 200.0), ("10,000", 150.0)):
        board.add("growth", "counting", "events/s", rate, who, compare=Compare.BASE)

    assert board.figures[0].ratio("10,000") == Spread(0.75, 0.75, 0.75)


def test_a_ratio_to_a_rival_at_zero_is_infinite_and_latencies_have_no_ratio() -> None:
    board = Board()
    for who, value in (("pulse", 1.0), ("rival", 0.0)):
        board.add("accept", "posts", "events/s", value, who)
        board.add("accept", "posts", "p50 ms", value, who, compare=Compare.NOT)

    rates, latencies = board.figures
    assert rates.ratio("rival") == Spread(math.inf, math.inf, math.inf)
    assert latencies.ratio("rival") is None


def test_a_round_without_a_rivals_sample_is_an_error() -> None:
    board = Board()
    board.add("accept", "posts", "events/s", 1.0)
    board.add("accept", "posts", "events/s", 1.0, "rival")
    board.add("accept", "posts", "events/s", 1.0)

    with pytest.raises(ValueError, match="zip"):
        board.figures[0].ratio("rival")


def test_a_repeated_remark_is_kept_once() -> None:
    board = Board()
    for text in ("so", "so", "and so"):
        board.remark("accept", text)
    assert board.remarks == {"accept": ["so", "and so"]}

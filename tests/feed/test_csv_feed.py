"""The feed of a file, and its pace."""

from pathlib import Path

import pytest

from rtserver.feed.csv_feed import CsvFeed, paced
from rtserver.feed.port import QuoteInfo
from rtserver.service.quote.quote_file import QuoteFileError

QUOTE = "A:B:20130301"


class Watch:
    """A clock that only a sleep moves. ``slept`` lists the sleeps, in seconds."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_the_points_of_a_file_are_ticks_of_its_quote(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("time,price\n1000,1.5\n1250,2\n")
    watch = Watch()
    feed = CsvFeed(path, QUOTE, clock=watch.clock, sleep=watch.sleep)

    assert feed.count() == 2
    assert list(feed) == [(QUOTE, QuoteInfo([1000, 1.5])), (QUOTE, QuoteInfo([1250, 2]))]
    assert watch.slept == [0.25]


def test_a_line_that_cannot_be_read_is_found_before_the_first_point(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("time,price\n1000,1.5\n2000,much\n")
    with pytest.raises(QuoteFileError, match=r"prices\.csv:3"):
        CsvFeed(path, QUOTE).count()


def test_points_come_at_their_time_divided_by_the_speed() -> None:
    watch = Watch()
    points = [QuoteInfo([time, 1]) for time in (0, 1_000, 1_900, 1_500, "close", "end")]

    assert list(paced(points, 2, clock=watch.clock, sleep=watch.sleep)) == points
    assert watch.slept == pytest.approx([0.5, 0.45, 0.5, 0.5, 0.5])


def test_a_long_wait_shows_each_second_that_the_source_is_alive() -> None:
    watch = Watch()
    points = [QuoteInfo([0, 1]), QuoteInfo([3_500, 1])]

    assert list(paced(points, 1, clock=watch.clock, sleep=watch.sleep)) == [points[0], None, None, None, points[1]]
    assert watch.now == 103.5


def test_the_time_that_a_point_takes_is_not_added_to_the_pace() -> None:
    watch = Watch()
    arrived = []
    for info in paced((QuoteInfo([time, 1]) for time in (0, 1_000, 2_000)), 1, clock=watch.clock, sleep=watch.sleep):
        assert info is not None
        arrived.append((watch.now, info.point[0]))
        watch.now += 0.25

    assert arrived == [(100, 0), (101, 1_000), (102, 2_000)]


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_a_speed_is_a_number_above_zero(speed: float) -> None:
    with pytest.raises(ValueError, match="is not a number above 0"):
        next(paced([], speed, clock=Watch().clock, sleep=Watch().sleep))

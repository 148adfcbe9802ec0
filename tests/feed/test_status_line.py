"""The line that a terminal shows of a run."""

from rtserver.feed.run import FeedStatus
from rtserver.feed.status_line import StatusLine

QUIET = FeedStatus(0, 0, 0, 0, 0, is_held=False, is_away=False)


def test_the_rate_is_that_since_the_line_before() -> None:
    line = StatusLine(None, now=10.0)
    assert line.text(QUIET._replace(ticks=1000, messages=2, waiting=1), 12.0) == (
        "1,000 ticks  500/s  2 messages, 1 waiting"
    )
    assert line.text(QUIET._replace(ticks=1010, messages=3), 13.0) == "1,010 ticks  10/s  3 messages, 0 waiting"


def test_a_file_shows_how_far_it_is() -> None:
    assert StatusLine(2000, now=10.0).text(QUIET._replace(ticks=500), 11.0).startswith("500 of 2,000 ticks")


def test_trouble_is_told() -> None:
    text = StatusLine(None, now=10.0).text(QUIET._replace(repeats=3, reconnects=1, is_held=True, is_away=True), 11.0)
    assert text.endswith("3 repeats dropped  1 reconnects  held: the list is too long  the source is away")

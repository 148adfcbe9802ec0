"""Times of ticks: numbers, clocks that pass midnight, and clocks that jump."""

import pytest

from rtserver.market.book.clock_label import ZoneClock, read_clock, write_clock
from rtserver.market.book.tick import BadTime
from rtserver.market.book.time_gate import TimeGate, TimeRules
from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.day import DAY_MS
from tests.market.book.ticks import MONDAY, NOON
from tests.market.exchange import futures, stocks

HOUR = 3_600_000


class Quote:
    """The clock labels of one quote, as they come."""

    def __init__(self, day: int | None = None, calendar: Calendar = CONTINUOUS) -> None:
        self.calendar = calendar
        self.gate = TimeGate(calendar, TimeRules(), day, ZoneClock(calendar.zone))
        self.now_ms = NOON

    def hear(self, label: str, after_ms: int = 0) -> str:
        """Return the moment of a label, in UTC, or "bad". ``after_ms``: the server's clock since the label before."""
        self.now_ms += after_ms
        clock_ms = read_clock(label)
        assert clock_ms is not None
        try:
            found = self.gate.find(clock_ms, self.now_ms, label)
        except BadTime:
            return "bad"
        self.gate.pass_by(found, self.now_ms)
        return f"{int(found // DAY_MS) - MONDAY:+d} {write_clock(found % DAY_MS)}"

    def hear_all(self, *labels: str) -> list[str]:
        return [self.hear(label, 1_000) for label in labels]


def test_a_clock_passes_midnight_and_a_late_label_lies_before_it() -> None:
    quote = Quote(MONDAY)

    assert quote.hear_all("23:59:58", "00:00:01", "23:59:59", "00:01:00") == [
        "+0 23:59:58",
        "+1 00:00:01",
        "+0 23:59:59",
        "+1 00:01:00",
    ]


def test_one_wrong_label_costs_itself_alone() -> None:
    quote = Quote(MONDAY)

    assert quote.hear_all("10:00:00", "21:59:59", "10:01:00", "10:02:00") == [
        "+0 10:00:00",
        "bad",
        "+0 10:01:00",
        "+0 10:02:00",
    ]


def test_a_jump_costs_one_tick_in_either_direction() -> None:
    forward, back = Quote(MONDAY), Quote(MONDAY)

    assert forward.hear_all("10:00:00", "21:00:00", "21:00:01") == ["+0 10:00:00", "bad", "+0 21:00:01"]
    assert back.hear_all("12:00:00", "10:00:00", "10:00:01", "10:00:02") == [
        "+0 12:00:00",
        "bad",
        "+0 10:00:01",
        "+0 10:00:02",
    ]


def test_two_wrong_labels_that_do_not_agree_are_both_refused() -> None:
    assert Quote(MONDAY).hear_all("10:00:00", "21:00:00", "09:00:00", "10:00:01") == [
        "+0 10:00:00",
        "bad",
        "bad",
        "+0 10:00:01",
    ]


def test_a_clock_may_step_as_far_as_the_time_that_has_passed() -> None:
    quote = Quote()
    quote.hear("11:59:00")

    assert quote.hear("11:58:30", 3 * DAY_MS) == "+3 11:58:30"
    assert quote.hear("23:58:00", 12 * HOUR) == "+3 23:58:00"


def test_the_first_label_of_a_quote_without_a_date_has_just_been() -> None:
    assert Quote().hear("12:04:00") == "+0 12:04:00"
    assert Quote().hear("12:06:00") == "-1 12:06:00"
    assert Quote().hear("11:59:00") == "+0 11:59:00"


def test_a_quote_without_a_date_does_not_step_ahead_of_the_server() -> None:
    quote = Quote()

    assert quote.hear_all("12:00:00", "14:00:00", "12:00:03") == ["+0 12:00:00", "bad", "+0 12:00:03"]


def test_a_night_session_of_a_dated_quote_begins_the_evening_before() -> None:
    quote = Quote(MONDAY + 1, futures())

    # Shanghai is eight hours ahead of UTC.
    assert quote.hear_all("21:00:00", "00:30:00", "02:29:59", "09:00:00") == [
        "+0 13:00:00",
        "+0 16:30:00",
        "+0 18:29:59",
        "+1 01:00:00",
    ]


def test_a_clock_that_is_put_forward_goes_on_to_show_the_time() -> None:
    quote = Quote(calendar=stocks())
    quote.now_ms = 1_772_830_800_000  # Friday, 2026-03-06, 16:00 in New York; summer time begins on Sunday
    friday = quote.hear("16:00:00")

    # Monday, 09:30 in New York: an hour less has passed than the clock shows.
    monday = quote.hear("09:30:00", 64 * HOUR + HOUR // 2)

    assert (friday[-8:], monday[-8:]) == ("21:00:00", "13:30:00")


@pytest.mark.parametrize("late_ms", [0, 60_000])
def test_a_number_is_late_by_the_newest_tick_or_by_the_server_if_that_is_older(late_ms: int) -> None:
    gate = TimeGate(CONTINUOUS, TimeRules(late_ms), None, ZoneClock(CONTINUOUS.zone))
    gate.pass_by(NOON + 200_000, NOON)

    gate.check(NOON - late_ms, NOON)
    with pytest.raises(BadTime):
        gate.check(NOON - late_ms - 1, NOON)
    gate.check(NOON + 200_000 - late_ms, NOON + 10**9)
    with pytest.raises(BadTime):
        gate.check(NOON + 200_000 - late_ms - 1, NOON + 10**9)

"""Trading days of a chart's labels, where they are not the dates that the exchange's clock shows. Pure."""

from collections.abc import Iterable

from rtserver.market.calendar.calendar import Calendar
from rtserver.market.day import DAY_MS
from rtserver.market.number import Label

DayStart = tuple[int, int]
"""The moment from which ticks count for a trading day, and the day as the label of its daily bar."""


def day_start(calendar: Calendar, day: int) -> DayStart:
    """Return the start of a trading day."""
    return (calendar.extent_of(day, day).begin_ms, day * DAY_MS)


def day_starts(calendar: Calendar, labels: Iterable[Label]) -> list[DayStart]:
    """Return the starts of the trading days that labels which are moments lie in, ascending."""
    starts: dict[int, int] = {}
    begin_ms = end_ms = 0
    for label in labels:
        if not isinstance(label, str) and not begin_ms <= label < end_ms:
            day = calendar.session_at(label).day
            begin_ms, end_ms, _ = calendar.extent_of(day, day)
            starts[begin_ms] = day * DAY_MS
    return sorted(starts.items())

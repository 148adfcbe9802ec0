"""Reading of hours: "09:30-16:00" as the ``OpenHours`` of a session.

A list of sessions is in the order of their hours, without overlaps.
"""

import re
from collections.abc import Sequence

from rtserver.market.calendar.trading_day import DAY_MINUTES, OpenHours

_HOURS = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


def read_sessions(texts: Sequence[str]) -> tuple[OpenHours, ...]:
    """Return sessions on the trading day's own date. Raises ``ValueError``.

    The first one may start the day before: "17:00-16:00" does, because it starts later than it ends.
    """
    hours = [_read(text) for text in texts]
    found = tuple(each if each.start < each.end else OpenHours(each.start - DAY_MINUTES, each.end) for each in hours)
    _check_order(texts, found, DAY_MINUTES)
    return found


def read_night(texts: Sequence[str]) -> tuple[OpenHours, ...]:
    """Return night sessions from the evening of the trading day before on. Raises ``ValueError``.

    What starts, or ends, earlier in the day than the first session starts is after midnight.
    """
    found: list[OpenHours] = []
    for text in texts:
        start, end = _read(text)
        if found and start < found[0].start:
            start += DAY_MINUTES
        found.append(OpenHours(start, end + DAY_MINUTES if end <= start else end))
    _check_order(texts, found, DAY_MINUTES)
    return tuple(found)


def check_night(night: Sequence[OpenHours], sessions: Sequence[OpenHours]) -> None:
    """Refuse a night that overlaps the day before it or behind it. Raises ``ValueError``."""
    if night and not sessions:
        raise ValueError("a night session needs sessions of the day that follows")
    if night and (night[0].start < sessions[-1].end or night[-1].end > sessions[0].start + DAY_MINUTES):
        raise ValueError("a night session overlaps the sessions of the day")


def _read(text: str) -> OpenHours:
    match = _HOURS.fullmatch(text)
    start_hour, start_minute, end_hour, end_minute = map(int, match.groups()) if match else (24, 0, 24, 1)
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if start >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError(f'"{text[:40]}" is no session of the form "09:30-16:00"')
    return OpenHours(start, end)


def _check_order(texts: Sequence[str], found: Sequence[OpenHours], length: int) -> None:
    """Refuse sessions that overlap, or together take more than ``length`` minutes."""
    for number in range(1, len(found)):
        if found[number].start < found[number - 1].end:
            raise ValueError(f'"{texts[number]}" starts before "{texts[number - 1]}" ends')
    if found and found[-1].end - found[0].start > length:
        raise ValueError(f'"{texts[-1]}" ends after "{texts[0]}" of the next day starts')

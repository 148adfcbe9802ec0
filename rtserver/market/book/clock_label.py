"""Clock labels: times of day such as "09:30:01", read, and written again as they were."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from rtserver.market.day import DAY_MS

_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?")
_OFFSET_MS = 900_000
"""Time zones change their offset at a quarter of an hour only."""

SECONDS = 1
MINUTES = 2
"""Styles of labels: "09:30:01" is 1, "09:30" is 2, and one with a fraction of n digits, up to three, 2 + n."""
FREE = 6
"""The style of a label that no other style writes as it was."""


def read_clock(text: str) -> int | float | None:
    """Return the milliseconds since midnight of "HH:MM[:SS[.fff]]"; None for any other text."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    whole = (int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)) * 1000
    if fraction is None:
        return whole
    part = int(fraction) * 1000 / 10 ** len(fraction)
    return whole + (int(part) if part.is_integer() else part)


def style_of(text: str) -> int:
    """Return the style of a clock label."""
    match len(text):
        case 8 if text[2] == ":" == text[5]:
            return SECONDS
        case 5 if text[2] == ":":
            return MINUTES
        case 10 | 11 | 12 if text[2] == ":" == text[5] and text[8] == ".":
            return MINUTES + len(text) - 9
        case _:
            return FREE


def write_clock(clock_ms: float, style: int = SECONDS) -> str:
    """Return the label of a time of day in a style other than ``FREE``."""
    seconds, rest = divmod(int(clock_ms), 1000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    if style == MINUTES:
        return text
    text = f"{text}:{seconds % 60:02}"
    return text if style == SECONDS else f"{text}.{rest:03}"[: 7 + style]


class ZoneClock:
    """The clock on the wall in one time zone."""

    __slots__ = ("_offset_ms", "_quarter", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._quarter: int | None = None
        self._offset_ms = 0

    def offset_ms(self, time_ms: float) -> int:
        """Return what the clock is ahead of UTC at a moment."""
        quarter = int(time_ms // _OFFSET_MS)
        if quarter != self._quarter:
            self._offset_ms = _offset_ms(self._zone, quarter * _OFFSET_MS)
            self._quarter = quarter
        return self._offset_ms

    def time_of_day(self, time_ms: float) -> int | float:
        """Return the milliseconds since midnight that the clock shows at a moment."""
        return (time_ms + self.offset_ms(time_ms)) % DAY_MS

    def label(self, time_ms: float, style: int = SECONDS) -> str:
        """Return the label of a moment."""
        return write_clock(self.time_of_day(time_ms), style)


def _offset_ms(zone: ZoneInfo, time_ms: int) -> int:
    try:
        offset = datetime.fromtimestamp(time_ms / 1000, zone).utcoffset()
    except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
        return 0
    return 0 if offset is None else int(offset.total_seconds() * 1000)

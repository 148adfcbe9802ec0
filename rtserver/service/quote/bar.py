"""Bar: the growing bar of one quote; it decides which ticks belong to it and what they make of it.

The order of arrival counts, not the time: a tick that is older than the growing bar counts into that bar, because a
bar that was passed on is not taken back. A bar knows nothing of indicators, feeds or subscribers.

There are two kinds. ``TickBar`` (period 0): every tick is a bar, except that a tick with the label of the last one
replaces it. ``PeriodBar``: a bar holds a period of time and is labelled with its start.
"""

import re
from abc import ABC, abstractmethod

from rtserver.base.bridge.message import Row
from rtserver.market.book.tick import Tick
from rtserver.market.number import Label, Number

COLUMNS = ("label", "open", "close", "low", "high", "volume")

_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.[0-9]{1,9})?)?")
_HALF_DAY_MS = 12 * 3600 * 1000


class Bar(ABC):
    """The newest bar. ``row`` may be read after the first ``add``."""

    __slots__ = ("_close", "_high", "_label", "_low", "_open", "_volume")

    def __init__(self) -> None:
        self._label: Label | None = None
        self._open: Number = 0
        self._close: Number = 0
        self._low: Number = 0
        self._high: Number = 0
        self._volume: Number | None = None

    @abstractmethod
    def add(self, tick: Tick) -> bool:
        """Take a tick. Return True if it began a bar with a label of its own, False if the bar grew or was
        replaced.
        """

    def row(self) -> Row:
        """Return the bar as it stands, in the order of ``COLUMNS``. The volume is None if none of its ticks had
        one.
        """
        return (self._label, self._open, self._close, self._low, self._high, self._volume)

    def _begin(self, label: Label, tick: Tick) -> None:
        self._label = label
        self._open = tick.open
        self._close = tick.close
        self._low = tick.low
        self._high = tick.high
        self._volume = tick.volume


class TickBar(Bar):
    """Bar of one tick. A tick with the last label replaces the prices; volumes of prices add up, a bar's volume
    stands.
    """

    __slots__ = ()

    def add(self, tick: Tick) -> bool:
        is_new = tick.label != self._label
        traded = None if is_new or tick.is_bar else self._volume
        self._begin(tick.label, tick)
        self._volume = _sum(traded, tick.volume)
        return is_new


class PeriodBar(Bar):
    """Bar of a period, labelled with its start.

    A number is epoch milliseconds: bars start at multiples of the period since 1970-01-01T00:00Z. A label "HH:MM",
    "HH:MM:SS" or "HH:MM:SS.fff" is a time of day: bars start at multiples of the period since midnight, labelled
    "HH:MM:SS". A step back by more than twelve hours passes midnight, as in a night session. Any other label is a bar
    of its own.
    """

    __slots__ = ("_clock_ms", "_part", "_period_ms", "_settled")

    def __init__(self, period_ms: int) -> None:
        super().__init__()
        self._period_ms = period_ms
        self._clock_ms: int | None = None  # the time of day that the bar has reached
        self._part: Label | None = None  # the time of the producer's bar that grows within this one
        self._settled: Number | None = None  # the volume without that part

    def add(self, tick: Tick) -> bool:
        label = self._next_label(tick.label)
        if label is None:
            self._grow(tick)
            return False
        self._begin(label, tick)
        self._settled = None
        self._part = tick.label if tick.is_bar else None
        return True

    def _next_label(self, time: Label) -> Label | None:
        """Return the label of the bar that a tick begins, or None if the tick belongs to the growing bar."""
        if isinstance(time, str):
            return self._next_text(time)
        self._clock_ms = None
        start = int(time // self._period_ms) * self._period_ms
        label = self._label
        return start if label is None or isinstance(label, str) or start > label else None

    def _next_text(self, text: str) -> str | None:
        clock_ms = _clock_ms(text)
        if clock_ms is None:
            self._clock_ms = None
            return text if text != self._label else None
        reached = self._clock_ms
        label = _clock_label(clock_ms - clock_ms % self._period_ms)
        if reached is not None and reached - _HALF_DAY_MS <= clock_ms < reached:
            return None
        self._clock_ms = clock_ms
        return label if label != self._label else None

    def _grow(self, tick: Tick) -> None:
        self._close = tick.close
        self._low = min(self._low, tick.low)
        self._high = max(self._high, tick.high)
        # A producer's bar that comes again while it grows carries its whole volume: it replaces what it said before.
        if not (tick.is_bar and tick.label == self._part):
            self._settled = self._volume
            self._part = tick.label if tick.is_bar else None
        self._volume = _sum(self._settled, tick.volume)


def _sum(one: Number | None, other: Number | None) -> Number | None:
    if one is None:
        return other
    return one if other is None else one + other


def _clock_ms(text: str) -> int | None:
    """Return the milliseconds since midnight of "HH:MM[:SS[.fff]]", without its fraction; None for any other text."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = match.groups(default="0")
    return (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1000


def _clock_label(clock_ms: int) -> str:
    seconds = clock_ms // 1000
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

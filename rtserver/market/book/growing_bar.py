"""GrowingBar: one bar that takes ticks, and the sum of bars.

The volumes of prices add up. The volume of a producer's bar is the whole bar's, so a bar that is sent again while it
grows replaces what it said before, its prices included.
"""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import msgspec

from rtserver.market.book.tick import Price, Tick
from rtserver.market.market_bar import Bar, BarRow
from rtserver.market.number import MOST_EXACT, Label, Number


class Amounts(NamedTuple):
    """Values that a bar has of some ticks; the names are those of ``Bar``."""

    open: Number
    close: Number
    low: Number
    high: Number
    volume: Number | None
    turnover: Number | None


class GrowingState(msgspec.Struct, frozen=True, array_like=True):
    """State of a ``GrowingBar``: the bar, the times of its first and last tick, and its last tick if that is a bar.

    ``settled`` is what the bar had without that one, None for nothing.
    """

    bar: Bar
    first: int | float
    last: int | float
    part: Tick | None = None
    settled: Amounts | None = None


class GrowingBar:
    """A bar that begins with ``tick``. ``group`` and ``start`` are the ``group`` and ``time`` of its ``Bar``.

    Ticks come in the order of their times with ``add``, others with ``absorb``. ``first`` and ``last`` are the times
    of the first and the last tick.
    """

    __slots__ = (
        "_close",
        "_high",
        "_low",
        "_open",
        "_part",
        "_settled",
        "_turnover",
        "_volume",
        "first",
        "group",
        "label",
        "last",
        "start",
    )

    def __init__(self, label: Label, tick: Tick, *, group: int, start: int) -> None:
        self.label = label
        self.group = group
        self.start = start
        self.first = self.last = tick.time
        self._part: Tick | None = tick if tick.is_bar else None
        self._settled: Amounts | None = None
        self._open, self._close, self._low, self._high = tick.open, tick.close, tick.low, tick.high
        self._volume, self._turnover = tick.volume, tick.value

    @property
    def bar(self) -> Bar:
        """The bar as it stands."""
        return Bar(
            self.label,
            self._open,
            self._close,
            self._low,
            self._high,
            self._volume,
            self._turnover,
            self.group,
            self.start,
        )

    @property
    def row(self) -> BarRow:
        """The bar as it stands, without what only indicators need."""
        return (self.label, self._open, self._close, self._low, self._high, self._volume)

    @property
    def state(self) -> GrowingState:
        """The state for ``restored``."""
        return GrowingState(self.bar, self.first, self.last, self._part, self._settled)

    @classmethod
    def restored(cls, state: GrowingState) -> "GrowingBar":
        """Return the bar that a state is of."""
        bar = state.bar
        whole = Tick(bar.label, bar.open, bar.close, bar.low, bar.high, bar.volume, time=state.first)
        growing = cls(bar.label, whole, group=bar.group, start=bar.time)
        growing.last, growing._part, growing._settled = state.last, state.part, state.settled
        growing._turnover = bar.turnover
        return growing

    def behind(self, before: Amounts | None, label: Label, *, group: int, start: int) -> "GrowingBar":
        """Return the bar of a longer period: ``before``, grown by this one. It goes on as this one does."""
        longer = GrowingBar.restored(self.state)
        longer.label, longer.group, longer.start = label, group, start
        if before is not None:
            longer._set(joined(before, self._amounts()))
            longer._settled = before if self._settled is None else joined(before, self._settled)
        return longer

    def replaces(self, tick: Tick) -> bool:
        """Return True if a tick is the last one of this bar, a producer's bar, sent again."""
        part = self._part
        if part is None or not tick.is_bar or part.time != tick.time:
            return False
        # "12:00" and the epoch time of that moment are one bar, as they are one tick of the tail.
        return part.label == tick.label or (part.has_time and tick.has_time)

    def add(self, tick: Tick) -> None:
        """Take a tick that is not older than the last one."""
        self.last = tick.time
        if tick.is_bar:
            self._add_bar(tick)
            return
        self._part = None
        price, volume, turnover = tick.close, tick.volume, tick.turnover
        self._close = price
        if price < self._low:
            self._low = price
        elif price > self._high:
            self._high = price
        if volume is not None:
            if turnover is None:
                turnover = price * volume
            if self._volume is not None:
                volume += self._volume
            self._volume = volume if type(volume) is float or volume <= MOST_EXACT else float(volume)
        if turnover is not None:
            if self._turnover is not None:
                turnover += self._turnover
            is_fine = type(turnover) is float or -MOST_EXACT <= turnover <= MOST_EXACT
            self._turnover = turnover if is_fine else float(turnover)

    def add_prices(self, prices: Sequence[Price]) -> None:
        """Take ticks, as ``add`` takes each of them."""
        self._part = None
        low, high, volume, turnover = self._low, self._high, self._volume, self._turnover
        for _, price, more in prices:
            if price < low:
                low = price
            elif price > high:
                high = price
            if more is not None:
                volume = more if volume is None else volume + more
                if type(volume) is int and volume > MOST_EXACT:
                    volume = float(volume)
                value = price * more
                turnover = value if turnover is None else turnover + value
                if type(turnover) is int and not -MOST_EXACT <= turnover <= MOST_EXACT:
                    turnover = float(turnover)
        self._low, self._high, self._volume, self._turnover = low, high, volume, turnover
        self.last, self._close, _ = prices[-1]

    def absorb(self, tick: Tick) -> None:
        """Take a tick of any time, which is no bar that was sent again, unless it is the last one."""
        if tick.time >= self.last:
            self.add(tick)
            return
        is_first = tick.time < self.first
        late = amounts_of(tick)
        if self._part is None:
            self._set(_absorbed(self._amounts(), late, is_first))
        else:
            self._settled = late if self._settled is None else _absorbed(self._settled, late, is_first)
            self._set(joined(self._settled, amounts_of(self._part)))
        if is_first:
            self.first = tick.time

    def _add_bar(self, tick: Tick) -> None:
        if not self.replaces(tick):
            self._settled = self._amounts()
        self._part = tick
        said = amounts_of(tick)
        self._set(said if self._settled is None else joined(self._settled, said))

    def _amounts(self) -> Amounts:
        return Amounts(self._open, self._close, self._low, self._high, self._volume, self._turnover)

    def _set(self, amounts: Amounts) -> None:
        self._open, self._close, self._low, self._high, self._volume, self._turnover = amounts


def total(one: Number | None, other: Number | None) -> Number | None:
    """Return the sum of two numbers of which one or both may be missing."""
    if one is None:
        return other
    number = one if other is None else one + other
    return number if -MOST_EXACT <= number <= MOST_EXACT else float(number)


def amounts_of(tick: Tick | Bar) -> Amounts:
    """Return what a bar of one tick, or of one bar, has."""
    turnover = tick.value if isinstance(tick, Tick) else tick.turnover
    return Amounts(tick.open, tick.close, tick.low, tick.high, tick.volume, turnover)


def joined(one: Amounts, later: Amounts) -> Amounts:
    """Return what a bar has of two parts, of which the second one is the later."""
    return Amounts(
        one.open,
        later.close,
        min(one.low, later.low),
        max(one.high, later.high),
        total(one.volume, later.volume),
        total(one.turnover, later.turnover),
    )


def difference(tick: Tick, before: Tick) -> Tick:
    """Return a bar that was sent again, with as much more volume and turnover than ``before`` as it has."""
    more = (amounts_of(each) for each in (tick, before))
    (volume, turnover), (old_volume, old_turnover) = ((each.volume, each.turnover) for each in more)
    return msgspec.structs.replace(
        tick,
        volume=total(volume, None if old_volume is None else -old_volume),
        turnover=total(turnover, None if old_turnover is None else -old_turnover),
    )


def grown_bar(bar: Bar, later: Sequence[Bar]) -> Bar:
    """Return a bar, with its label, grown by later ones, ascending."""
    return Bar(
        bar.label,
        bar.open,
        later[-1].close,
        min(bar.low, *[each.low for each in later]),
        max(bar.high, *[each.high for each in later]),
        reduce(total, [each.volume for each in later], bar.volume),
        reduce(total, [each.turnover for each in later], bar.turnover),
        bar.group,
        bar.time,
    )


def _absorbed(amounts: Amounts, late: Amounts, is_first: bool) -> Amounts:
    """Return what a bar has with a tick in its middle, or before all."""
    grown = joined(late, amounts)
    return grown if is_first else grown._replace(open=amounts.open)

"""BarRun: a row of bars that does not change, of which sealed parts are decoded when they are looked at. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple, overload

from rtserver.market.bar_block import decode_bars
from rtserver.market.market_bar import Bar

OPEN_BLOCKS = 256
"""Blocks of all quotes that are kept decoded: who opens a chart reads the same ones again for another period."""


class RunPart(NamedTuple):
    """The bars of a block, or bars at hand, from an index on and before another one. There is one at least."""

    source: bytes | Sequence[Bar]
    first: int
    end: int

    @property
    def bars(self) -> Sequence[Bar]:
        """The bars."""
        whole = opened(self.source) if isinstance(self.source, bytes) else self.source
        return whole[self.first : self.end]


class BarRun(Sequence[Bar]):
    """Bars in parts: a long one costs no time before somebody takes its bars, and then a part at a time.

    A slice is another run.
    """

    __slots__ = ("_ends", "parts")

    def __init__(self, parts: Iterable[RunPart]) -> None:
        self.parts = tuple(parts)
        self._ends = list(accumulate(part.end - part.first for part in self.parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Bar]:
        for part in self.parts:
            yield from part.bars

    @overload
    def __getitem__(self, index: int) -> Bar: ...
    @overload
    def __getitem__(self, index: slice) -> "BarRun": ...
    def __getitem__(self, index: int | slice) -> "Bar | BarRun":
        if isinstance(index, int):
            place = range(len(self))[index]
            number = bisect_right(self._ends, place)
            return self.parts[number].bars[place - self._ends[number]]
        first, end, step = index.indices(len(self))
        assert step == 1, "the bars of a run are in its order"
        return BarRun(self._between(first, end))

    def _between(self, first: int, end: int) -> Iterator[RunPart]:
        begin = 0
        for part, its_end in zip(self.parts, self._ends, strict=True):
            low, high = max(first, begin), min(end, its_end)
            if low < high:
                yield RunPart(part.source, part.first + low - begin, part.first + high - begin)
            begin = its_end


def run_of(*rows: Sequence[Bar]) -> BarRun:
    """Return one run of several rows of bars, one behind another. They must not change after that."""
    parts: list[RunPart] = []
    for bars in rows:
        if isinstance(bars, BarRun):
            parts += bars.parts
        elif bars:
            parts.append(RunPart(bars, 0, len(bars)))
    return BarRun(parts)


@lru_cache(maxsize=OPEN_BLOCKS)
def opened(data: bytes) -> Sequence[Bar]:
    """Return the bars of a block."""
    return tuple(decode_bars(data))

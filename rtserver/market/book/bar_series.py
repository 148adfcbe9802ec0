"""BarSeries: the finished bars of one base period of a quote, in the order of their labels.

Bars at rest are sealed into compact blocks; the newest ones, fewer than a block has, are objects.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from rtserver.market.bar_block import decode_bars, encode_bars
from rtserver.market.market_bar import Bar

BLOCK_ROWS = 64
OPEN_BLOCKS = 256
"""Blocks of all quotes that are kept decoded: who opens a chart reads the same ones again for another period."""


class _Block(NamedTuple):
    first: int
    last: int
    rows: int
    data: bytes


class BarSeries:
    """Bars in ascending order; all labels are epoch milliseconds. ``is_cut``: older ones existed here.

    ``taken_from`` is the lowest label from which bars were removed to be changed, for who stores them; None for none.
    """

    __slots__ = ("_blocks", "_newest", "is_cut", "taken_from")

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._newest: list[Bar] = []
        self.is_cut = False
        self.taken_from: int | None = None

    def __len__(self) -> int:
        return sum(block.rows for block in self._blocks) + len(self._newest)

    @property
    def first_label(self) -> int | None:
        """The label of the oldest bar; None for no bar."""
        if self._blocks:
            return self._blocks[0].first
        return label_of(self._newest[0]) if self._newest else None

    @property
    def last_label(self) -> int | None:
        """The label of the newest bar; None for no bar."""
        if self._newest:
            return label_of(self._newest[-1])
        return self._blocks[-1].last if self._blocks else None

    @property
    def block_bytes(self) -> int:
        """Bytes of the blocks."""
        return sum(len(block.data) for block in self._blocks)

    def append(self, bar: Bar) -> None:
        """Add a bar that is newer than all others."""
        self._newest.append(bar)
        if len(self._newest) >= BLOCK_ROWS:
            self._blocks.append(_sealed(self._newest))
            self._newest = []

    def prepend(self, bars: Sequence[Bar], *, is_cut: bool) -> None:
        """Add bars that are older than all others. ``is_cut``: still older ones exist elsewhere."""
        self._blocks[:0] = [_sealed(bars[begin : begin + BLOCK_ROWS]) for begin in range(0, len(bars), BLOCK_ROWS)]
        self.is_cut = is_cut

    def read(self, start: int | None = None, end: int | None = None, limit: int | None = None) -> list[Bar]:
        """Return the bars whose labels are in [``start``, ``end``), or the newest ``limit`` of them, ascending."""
        parts: list[Sequence[Bar]] = []
        found = 0
        for first, bars in self._backwards(start, end):
            cut = _between(bars, start, end)
            parts.append(cut)
            found += len(cut)
            if (limit is not None and found >= limit) or (start is not None and first < start):
                break
        ascending = [bar for part in reversed(parts) for bar in part]
        return ascending if limit is None else ascending[max(0, len(ascending) - limit) :]

    def take_from(self, label: int) -> list[Bar]:
        """Remove and return the bars whose labels are ``label`` or later."""
        taken = self.read(label)
        self.taken_from = label if self.taken_from is None else min(self.taken_from, label)
        while self._blocks and self._blocks[-1].last >= label:
            self._newest = list(_opened(self._blocks.pop().data))
        self._newest = list(_between(self._newest, None, label))
        return taken

    def drop_before(self, label: int) -> None:
        """Forget the blocks whose bars are all older than ``label``."""
        count = sum(1 for block in self._blocks if block.last < label)
        if count:
            del self._blocks[:count]
            self.is_cut = True

    def _backwards(self, start: int | None, end: int | None) -> Iterator[tuple[int, Sequence[Bar]]]:
        """Yield the parts that may have bars of a range, the newest first, each with its first label."""
        if self._newest:
            yield label_of(self._newest[0]), self._newest
        for block in reversed(self._blocks):
            if start is not None and block.last < start:
                return
            if end is None or block.first < end:
                yield block.first, _opened(block.data)


def label_of(bar: Bar) -> int:
    """Return the label of a base bar."""
    assert isinstance(bar.label, int), "a base bar is labelled with epoch milliseconds"
    return bar.label


def _between(bars: Sequence[Bar], start: int | None, end: int | None) -> Sequence[Bar]:
    low = 0 if start is None else bisect_left(bars, start, key=label_of)
    high = len(bars) if end is None else bisect_left(bars, end, key=label_of)
    return bars[low:high]


@lru_cache(maxsize=OPEN_BLOCKS)
def _opened(data: bytes) -> Sequence[Bar]:
    return tuple(decode_bars(data))


def _sealed(bars: Sequence[Bar]) -> _Block:
    return _Block(label_of(bars[0]), label_of(bars[-1]), len(bars), encode_bars(bars))

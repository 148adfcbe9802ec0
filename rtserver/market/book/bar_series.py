"""BarSeries: the finished bars of one base period of a quote, in the order of their labels.

Bars at rest are sealed into compact blocks; the newest ones, fewer than a block has, are objects.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rtserver.market.bar_block import encode_bars
from rtserver.market.book.bar_run import BarRun, RunPart, opened
from rtserver.market.market_bar import Bar

BLOCK_ROWS = 64


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
        return list(self.run(start, end, limit))

    def run(self, start: int | None = None, end: int | None = None, limit: int | None = None) -> BarRun:
        """``read`` as a run. It stays as it is, whatever comes."""
        parts: list[RunPart] = []
        found = 0
        for part in self._backwards(start, end):
            parts.append(part)
            found += part.end - part.first
            if limit is not None and found >= limit:
                break
        ascending = BarRun(reversed(parts))
        return ascending if limit is None else ascending[max(0, len(ascending) - limit) :]

    def take_from(self, label: int) -> list[Bar]:
        """Remove and return the bars whose labels are ``label`` or later."""
        taken = self.read(label)
        self.taken_from = label if self.taken_from is None else min(self.taken_from, label)
        while self._blocks and self._blocks[-1].last >= label:
            self._newest = list(opened(self._blocks.pop().data))
        self._newest = self._newest[: bisect_left(self._newest, label, key=label_of)]
        return taken

    def has_block_before(self, label: int) -> bool:
        """Return True if ``drop_before`` would forget something."""
        return bool(self._blocks) and self._blocks[0].last < label

    def drop_before(self, label: int) -> None:
        """Forget the blocks whose bars are all older than ``label``."""
        count = sum(1 for block in self._blocks if block.last < label)
        if count:
            del self._blocks[:count]
            self.is_cut = True

    def _backwards(self, start: int | None, end: int | None) -> Iterator[RunPart]:
        """Yield the parts of a range, the newest first. Only the blocks at its ends are opened for that."""
        if part := _between(tuple(self._newest), start, end):
            yield part
        for block in reversed(self._blocks):
            if start is not None and block.last < start:
                return
            if (start is None or block.first >= start) and (end is None or block.last < end):
                yield RunPart(block.data, 0, block.rows)
            elif (end is None or block.first < end) and (part := _between(opened(block.data), start, end)):
                yield part


def label_of(bar: Bar) -> int:
    """Return the label of a base bar."""
    assert isinstance(bar.label, int), "a base bar is labelled with epoch milliseconds"
    return bar.label


def _between(bars: Sequence[Bar], start: int | None, end: int | None) -> RunPart | None:
    low = 0 if start is None else bisect_left(bars, start, key=label_of)
    high = len(bars) if end is None else bisect_left(bars, end, key=label_of)
    return RunPart(bars, low, high) if low < high else None


def _sealed(bars: Sequence[Bar]) -> _Block:
    return _Block(label_of(bars[0]), label_of(bars[-1]), len(bars), encode_bars(bars))

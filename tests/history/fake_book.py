"""A quote's book for the tests of history: bars, ticks that are numbers, and a state."""

from collections.abc import Iterator, Sequence

from rtserver.history.group import label_of
from rtserver.market.market_bar import Bar


class FakeBook:
    """See ``SavedBook``. A tick is its own number; so many have been ``made`` for a save."""

    def __init__(self, bars: Sequence[Bar] = (), begin: int | None = None, *, base: str = "1m") -> None:
        self.bars = {base: list(bars)}
        self.begin = begin if begin is not None else label_of(bars[0]) if bars else None
        self.base = base
        self.seq = 0
        self.kept_from = 0
        self.corrected: int | None = None
        self.made = 0
        self.extra: dict[str, object] = {}

    def complete_from(self, base: str) -> int | None:
        return self.begin if base == self.base else None

    def finished(self, base: str, start_ms: int, end_ms: int | None, limit: int | None = None) -> Sequence[Bar]:
        bars = self.bars.get(base, [])
        found = [bar for bar in bars if start_ms <= label_of(bar) and (end_ms is None or label_of(bar) < end_ms)]
        return found if limit is None else found[max(0, len(found) - limit) :]

    def state(self) -> object:
        return {"seq": self.seq, **self.extra}

    def ticks_after(self, seq: int) -> Iterator[object] | None:
        if seq and seq < self.kept_from:
            return None
        return map(self._make, range(max(seq, self.kept_from) + 1, self.seq + 1))

    def _make(self, number: int) -> object:
        self.made += 1
        return number

    def let_go(self) -> None:
        self.kept_from = self.seq

    def last_finished(self, base: str) -> int | None:
        bars = self.bars.get(base)
        return label_of(bars[-1]) if bars else None

    def take_corrected(self, base: str) -> int | None:
        corrected, self.corrected = self.corrected, None
        return corrected if base == self.base else None


class FakeBooks(dict[str, FakeBook]):
    """See ``Books``."""

    stamp = "0-0"
    is_partial = False

    def gather(self) -> None:
        """See ``Books``. They are always whole."""

    def scatter(self) -> None:
        """See ``Books``."""

    def quotes(self) -> list[str]:
        return list(self)

    def book(self, quote: str) -> FakeBook | None:
        return self.get(quote)

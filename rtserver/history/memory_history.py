"""MemoryHistory and MemoryStates: the twins of what is stored in Redis, for tests."""

from collections.abc import Collection, Sequence

from rtserver.base.queue.port import START, order_of
from rtserver.history.group import by_group, label_of, part_of
from rtserver.history.port import HistoryPart, HistoryRange, QuoteState, StateChange, StoredInfo
from rtserver.market.bar_block import decode_bars, encode_bars, merged_bars
from rtserver.market.market_bar import Bar


class MemoryHistory:
    """See ``HistoryStore``. It keeps blocks, as the store in Redis does. ``states`` are those that came with bars.

    Everything counts as stored at ``now_ms``.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], dict[int, bytes]] = {}
        self._pruned: set[tuple[str, str]] = set()
        self.states: dict[str, QuoteState] = {}
        self.now_ms = 0

    def read(self, wanted: HistoryRange) -> HistoryPart:
        """See ``HistorySource``."""
        name = (wanted.quote, wanted.base)
        blocks = self._groups.get(name, {}).values()
        bars = [bar for block in blocks for bar in decode_bars(block)]
        return part_of(wanted, merged_bars(bars), has_older=False, was_pruned=name in self._pruned)

    def write(self, quote: str, base: str, bars: Sequence[Bar]) -> None:
        """See ``HistoryStore``."""
        for group, added in by_group(quote, base, bars).items():
            groups = self._groups.setdefault((quote, base), {})
            groups[group] = encode_bars(merged_bars((*decode_bars(groups.get(group, b"")), *added)))

    def prune(self, quote: str, base: str, before_ms: int, *, stored_before_ms: int | None = None) -> int:
        """See ``HistoryStore``."""
        if stored_before_ms is not None and self.now_ms >= stored_before_ms:
            return 0
        groups = self._groups.get((quote, base), {})
        old = [group for group, block in groups.items() if label_of(decode_bars(block)[-1]) < before_ms]
        for group in old:
            del groups[group]
        if old:
            self._pruned.add((quote, base))
        return len(old)

    def quotes(self) -> list[str]:
        """See ``HistoryStore``."""
        return sorted({quote for (quote, _), groups in self._groups.items() if groups} | set(self.states))

    def info(self, quote: str, base: str) -> StoredInfo | None:
        """See ``HistoryStore``."""
        blocks = self._groups.get((quote, base), {}).values()
        labels = sorted(label_of(bar) for block in blocks for bar in decode_bars(block))
        if not labels:
            return None
        return StoredInfo(quote, base, labels[0], labels[-1], len(labels), sum(map(len, blocks)))


class MemoryStates:
    """See ``QuoteStates``. ``history`` gets the bars."""

    def __init__(self, history: MemoryHistory) -> None:
        self._history = history
        self._states = history.states
        self._ticks: dict[str, list[tuple[int, bytes]]] = {}
        self._position = START

    def begin(self) -> str:
        """See ``QuoteStates``."""
        return self._position

    def pass_on(self, until: str) -> None:
        """See ``QuoteStates``."""
        self._position = max(self._position, until, key=order_of)

    def stored_until(self) -> str:
        """See ``QuoteStates``."""
        return self._position

    def save(self, changes: Sequence[StateChange]) -> list[int]:
        """See ``QuoteStates``."""
        return list(map(self._save, changes))

    def load(self, quotes: Collection[str]) -> dict[str, QuoteState]:
        """See ``QuoteStates``."""
        return {quote: self._states[quote] for quote in quotes if quote in self._states}

    def drop(self, quote: str, stamp: str) -> bool:
        """See ``QuoteStates``."""
        if quote not in self._states or self._states[quote].stamp != stamp:
            return False
        del self._states[quote]
        self._ticks.pop(quote, None)
        return True

    def ticks(self, quote: str) -> list[bytes]:
        """See ``QuoteStates``."""
        return [ticks for _, ticks in self._ticks.get(quote, ())]

    def _save(self, change: StateChange) -> int:
        quote, stored = change.quote, self._states.get(change.quote)
        if stored is not None and order_of(change.stamp) < order_of(stored.stamp):
            return stored.seq
        if change.after not in (0, stored.seq if stored else 0):
            return stored.seq if stored else 0
        for base, bars in change.bars.items():
            self._history.write(quote, base, bars)
        ticks = [] if change.after == 0 else self._ticks.get(quote, [])
        if change.ticks:
            ticks.append((change.after, change.ticks))
        while len(ticks) > 1 and ticks[1][0] <= change.seq - change.most_ticks:
            del ticks[0]
        self._ticks[quote] = ticks
        self._states[quote] = QuoteState(change.stamp, change.seq, change.state)
        return change.seq

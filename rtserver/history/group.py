"""Group: which stored groups of bars a range needs, and what is taken from them. Pure; for all stores."""

from collections.abc import Iterable, Sequence

from rtserver.history.port import HistoryError, HistoryPart, HistoryRange
from rtserver.market.bar_block import merged_bars
from rtserver.market.market_bar import Bar


def by_group(quote: str, base: str, bars: Iterable[Bar]) -> dict[int, list[Bar]]:
    """Return bars by their group. Raises ``HistoryError`` for a label that is no integer."""
    groups: dict[int, list[Bar]] = {}
    for bar in bars:
        if not isinstance(bar.label, int):
            raise HistoryError(quote, base, f"the label {bar.label!r} of a bar is no integer")
        groups.setdefault(bar.group, []).append(bar)
    return groups


def label_of(bar: Bar) -> int:
    """Return the label of a stored bar, which is an integer."""
    assert isinstance(bar.label, int)
    return bar.label


def part_of(wanted: HistoryRange, bars: Iterable[Bar], *, has_older: bool, was_pruned: bool) -> HistoryPart:
    """Return the part of a range from the bars of all groups that it needs.

    ``has_older``: there are groups before these. ``was_pruned``: groups were removed before all that are stored.
    """
    found = merged_bars(bars)
    first = _first_within(found, wanted.start_ms)
    inside = found[first:]
    if wanted.end_ms is not None:
        inside = [bar for bar in inside if label_of(bar) < wanted.end_ms]
    cut = 0 if wanted.limit is None else max(0, len(inside) - wanted.limit)
    has_older = has_older or first + cut > 0
    return HistoryPart(inside[cut:], has_older, was_pruned and not has_older)


def _first_within(bars: Sequence[Bar], start_ms: int | None) -> int:
    if start_ms is None:
        return 0
    return next((place for place, bar in enumerate(bars) if label_of(bar) >= start_ms), len(bars))

"""Group: which stored groups of bars a range needs, and what is taken from them. Pure; for all stores."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from rtserver.history.port import HistoryError, HistoryPart, HistoryRange
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


def part_of(wanted: HistoryRange, bars: Sequence[Bar], *, has_older: bool, was_pruned: bool) -> HistoryPart:
    """Return the part of a range from the bars of all groups that it needs, in ascending order.

    ``has_older``: there are groups before these. ``was_pruned``: groups were removed before all that are stored.
    """
    first = 0 if wanted.start_ms is None else bisect_left(bars, wanted.start_ms, key=label_of)
    end = len(bars) if wanted.end_ms is None else bisect_left(bars, wanted.end_ms, key=label_of)
    if wanted.limit is not None:
        first = max(first, end - wanted.limit)
    has_older = has_older or first > 0
    return HistoryPart(bars[first : max(first, end)], has_older, was_pruned and not has_older)

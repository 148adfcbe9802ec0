"""Retention: bars that are older than their base period's age go, a quote at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from rtserver.history.port import HistoryError
from rtserver.market.day import DAY_MS
from rtserver.market.period import Base


class PrunedStore(Protocol):
    """The part of ``HistoryStore`` that is needed here."""

    def prune(self, quote: str, base: str, before_ms: int, *, stored_before_ms: int | None = None) -> int:
        """Remove groups of bars, and return how many."""


class Pruned(NamedTuple):
    """Number of groups of bars, or of states, that were removed of one quote, and what failed; empty for nothing."""

    quote: str
    removed: int
    failure: str = ""


class Retention:
    """Removes bars of ``days`` by base period; 0 keeps them for ever. A trading day or a year goes as a whole.

    Bars of long ago that were stored a short time ago stay: somebody has imported them, or plays them. Not so if it
    ``is_strict``. ``now_ms`` gives the time in epoch milliseconds.
    """

    def __init__(
        self, store: PrunedStore, days: Mapping[Base, int], now_ms: Callable[[], int], *, is_strict: bool = False
    ) -> None:
        self._is_strict = is_strict
        self._store = store
        self._days = {base: count for base, count in days.items() if count}
        self._now_ms = now_ms

    def prune(self, quotes: Sequence[str]) -> Iterator[Pruned]:
        """Prune the quotes, and yield after each. A store in Redis may raise ``QueueError``."""
        for quote in quotes:
            yield self._prune(quote)

    def _prune(self, quote: str) -> Pruned:
        groups = 0
        for base, days in self._days.items():
            try:
                before_ms = self._now_ms() - days * DAY_MS
                stored_before_ms = None if self._is_strict else before_ms
                groups += self._store.prune(quote, base, before_ms, stored_before_ms=stored_before_ms)
            except HistoryError as error:
                return Pruned(quote, groups, str(error))
        return Pruned(quote, groups)

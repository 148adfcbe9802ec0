"""Retention: old groups go, base period by base period."""

from rtserver.history.memory_history import MemoryHistory
from rtserver.history.port import HistoryError, HistoryRange
from rtserver.history.retention import Pruned, Retention
from tests.history.bar_maker import DAY, MONDAY, QUOTE, day_bar, minute_bars


def now_ms() -> int:
    return (MONDAY + 10) * DAY


def test_what_is_older_than_its_age_goes_and_the_rest_stays() -> None:
    store = MemoryHistory()
    for day in range(10):
        store.write(QUOTE, "1m", minute_bars(MONDAY + day, range(3)))
        store.write(QUOTE, "1d", [day_bar(MONDAY + day, 2026)])
    retention = Retention(store, {"1m": 4, "1d": 0}, now_ms)
    assert list(retention.prune([QUOTE, "A:B"])) == [Pruned(QUOTE, 6), Pruned("A:B", 0)]
    assert store.read(HistoryRange(QUOTE, "1m")).bars[0].group == MONDAY + 6
    assert len(store.read(HistoryRange(QUOTE, "1d")).bars) == 10


def test_a_quote_that_cannot_be_read_does_not_stop_the_others() -> None:
    class Odd(MemoryHistory):
        def prune(self, quote: str, base: str, before_ms: int, *, stored_before_ms: int | None = None) -> int:
            if quote == QUOTE:
                raise HistoryError(quote, base, "cannot be read")
            return 1

    found = list(Retention(Odd(), {"1m": 1}, now_ms).prune([QUOTE, "A:B"]))
    assert [(each.removed, bool(each.failure)) for each in found] == [(0, True), (1, False)]


def test_old_bars_that_were_stored_lately_stay_unless_it_is_strict() -> None:
    store = MemoryHistory()
    store.now_ms = now_ms()
    store.write(QUOTE, "1m", minute_bars(MONDAY, range(3)))
    assert list(Retention(store, {"1m": 4}, now_ms).prune([QUOTE])) == [Pruned(QUOTE, 0)]
    assert list(Retention(store, {"1m": 4}, now_ms, is_strict=True).prune([QUOTE])) == [Pruned(QUOTE, 1)]

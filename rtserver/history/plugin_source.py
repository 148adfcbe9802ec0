"""PluginSource: the history of a plug-in, which may block, be slow, fail, or give nonsense.

A plug-in is a class with one method, ``read(wanted)``: it gets a ``HistoryRange`` and returns rows (``bar_row``), or
a ``SourcePart`` of them. It is called on a native thread, a few calls at a time; the others wait. A call that takes
too long is an error for who asked; its answer is kept for who asks again. Answers are checked, and kept for a minute.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from rtserver.history.bar_row import BadRow, Row, SourcePart, bars_of
from rtserver.history.byte_cache import ByteCache
from rtserver.history.group import label_of
from rtserver.history.port import HistoryError, HistoryPart, HistoryRange
from rtserver.market.calendar.calendar import Calendar

AT_ONCE = 4
"""Calls of a plug-in at a time: native threads are shared with services."""
READ_SECONDS = 10.0
KEPT_SECONDS = 60.0
CACHE_BYTES = 33_554_432
BAR_BYTES = 400

log = logging.getLogger(__name__)


class Prices(Protocol):
    """A plug-in."""

    def read(self, wanted: HistoryRange) -> SourcePart | Iterable[Row]:
        """Return the bars of a range, ascending; of more than ``limit`` the newest. May block."""


class Event(Protocol):
    """A flag that one loop sleeps on. ``gevent.event.Event`` is one."""

    def set(self) -> object:
        """Wake the loop that waits."""

    def wait(self, timeout: float) -> bool:
        """Return True once the flag is set, False after so many seconds."""


class Means(Protocol):
    """Tools with which a source waits: ``offload`` and ``start`` run a function on a native thread, or in a loop."""

    def offload(self, fn: Callable[..., Any], /, *args: object) -> Any:
        """Return ``fn(*args)``, run on a native thread, while other loops go on."""

    def start(self, run: Callable[[], object]) -> object:
        """Run a function in a loop of its own."""

    def event(self) -> Event:
        """Return a new event."""

    def now(self) -> float:
        """Return seconds that only go forward."""


class _Ask:
    """One range that is asked for."""

    def __init__(self, wanted: HistoryRange, landed: Event) -> None:
        self.wanted = wanted
        self.landed = landed
        self.part = HistoryPart([])
        self.error: HistoryError | None = None
        self.is_given_up = False


class PluginSource:
    """See ``HistorySource``. ``calendar_of`` gives the calendar of an exchange.

    ``calls`` counts calls of the plug-in, ``failures`` those that failed, were too slow or gave nonsense.
    """

    def __init__(
        self,
        prices: Prices,
        means: Means,
        calendar_of: Callable[[str], Calendar],
        *,
        seconds: float = READ_SECONDS,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self._prices = prices
        self._means = means
        self._calendar_of = calendar_of
        self._seconds = seconds
        self._cache: ByteCache[tuple[float, HistoryPart]] = ByteCache(cache_bytes)
        self._asks: deque[_Ask] = deque()
        self._running = 0
        self.calls = self.failures = 0

    def read(self, wanted: HistoryRange) -> HistoryPart:
        """See ``HistorySource``."""
        kept = self._cache.get(wanted)
        if kept is not None and self._means.now() < kept[0]:
            return kept[1]
        ask = _Ask(wanted, self._means.event())
        self._asks.append(ask)
        if self._running < AT_ONCE:
            self._running += 1
            self._means.start(self._work)
        if not ask.landed.wait(self._seconds):
            ask.is_given_up = True
            self.failures += 1
            raise HistoryError(wanted.quote, wanted.base, f"the source has not answered in {self._seconds:g} s")
        if ask.error is not None:
            raise ask.error
        return ask.part

    def _work(self) -> None:
        """Answer what is asked until nothing is."""
        try:
            while self._asks:
                ask = self._asks.popleft()
                if not ask.is_given_up:
                    self._answer(ask)
        finally:
            self._running -= 1

    def _answer(self, ask: _Ask) -> None:
        wanted = ask.wanted
        ask.error = HistoryError(wanted.quote, wanted.base, "the read was given up")
        try:
            ask.part = self._checked(wanted, self._means.offload(_all_of, self._prices, wanted))
            ask.error = None
            size = BAR_BYTES * (1 + len(ask.part.bars))
            self._cache.put(wanted, (self._means.now() + KEPT_SECONDS, ask.part), size)
        except BadRow as error:
            self._fail(ask, f"the source gave what is no bar: {error}")
        except Exception as error:
            log.exception("! the source of history failed for %s", wanted.quote)
            self._fail(ask, f"the source failed: {type(error).__name__}: {error}")
        finally:
            self.calls += 1
            ask.landed.set()

    def _fail(self, ask: _Ask, reason: str) -> None:
        self.failures += 1
        ask.error = HistoryError(ask.wanted.quote, ask.wanted.base, reason)

    def _checked(self, wanted: HistoryRange, answer: SourcePart) -> HistoryPart:
        calendar = self._calendar_of(wanted.quote.partition(":")[0])
        bars = list(bars_of(answer.rows, wanted.base, calendar))
        if bars and wanted.start_ms is not None and label_of(bars[0]) < wanted.start_ms:
            raise BadRow(f"the label {bars[0].label} lies before the range, which begins at {wanted.start_ms}")
        if bars and wanted.end_ms is not None and label_of(bars[-1]) >= wanted.end_ms:
            raise BadRow(f"the label {bars[-1].label} lies behind the range, which ends before {wanted.end_ms}")
        if wanted.limit is not None and len(bars) > wanted.limit:
            return HistoryPart(bars[len(bars) - wanted.limit :], has_older=True)
        return HistoryPart(bars, answer.has_older, answer.is_cut)


def _all_of(prices: Prices, wanted: HistoryRange) -> SourcePart:
    """Return everything that a plug-in gives, read on the thread that may block.

    A plug-in that gives rows alone may have older ones if it gave as many as it was asked for, or was asked for no
    older ones.
    """
    answer = prices.read(wanted)
    if isinstance(answer, SourcePart):
        return answer._replace(rows=list(answer.rows))
    rows = list(answer)
    may_have_older = wanted.start_ms is not None or (wanted.limit is not None and len(rows) >= wanted.limit)
    return SourcePart(rows, may_have_older)

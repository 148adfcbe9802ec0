"""Ports of history: where finished bars of quotes come from, where they are stored, and the states of quotes.

    HistorySource            ranges of bars; a plug-in implements no more than this
    └── HistoryStore         also keeps what is written: RedisHistory, and its twin MemoryHistory
    QuoteStates              the state and the newest ticks of each quote, with the entry of the bus that they contain

Bars here are finished bars of a base period: "1m", labelled with their start, and "1d", labelled with midnight in UTC
of their trading day, both integers of epoch milliseconds. All bars of one ``group`` (a trading day, a calendar year)
are stored together, and groups follow each other in time.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from rtserver.market.market_bar import Bar
from rtserver.market.period import Base


class HistoryError(Exception):
    """History that cannot be read. ``quote`` and ``base`` say of what, ``reason`` why; ``str`` is fit for a log."""

    def __init__(self, quote: str, base: str, reason: str) -> None:
        super().__init__(quote, base, reason)
        self.quote = quote
        self.base = base
        self.reason = reason

    def __str__(self) -> str:
        return f"history of {self.quote} ({self.base}): {self.reason}"


class HistoryRange(msgspec.Struct, frozen=True):
    """The bars of a quote whose labels are from ``start_ms`` on and before ``end_ms``; None is no bound.

    Of more than ``limit`` bars the newest are wanted.
    """

    quote: str
    base: Base
    start_ms: int | None = None
    end_ms: int | None = None
    limit: int | None = None


class HistoryPart(NamedTuple):
    """Bars of a range in ascending order of their labels, each label once.

    ``has_older``: there are bars before the first one, or before the range if it has none. ``is_cut``: there are
    none, but there were.
    """

    bars: Sequence[Bar]
    has_older: bool = False
    is_cut: bool = False


class HistorySource(Protocol):
    """A source of finished bars. A call may block."""

    def read(self, wanted: HistoryRange) -> HistoryPart:
        """Return the bars of a range. Raises ``HistoryError``, and a store in Redis ``QueueError``."""


class StoredInfo(NamedTuple):
    """Size of what is stored of one quote and base period: labels of the first bar and the last, bars, bytes."""

    quote: str
    base: str
    first: int
    last: int
    rows: int
    bytes: int


class HistoryStore(HistorySource, Protocol):
    """A source that keeps what is written. A store in Redis may raise ``QueueError`` from each call."""

    def write(self, quote: str, base: str, bars: Sequence[Bar]) -> None:
        """Store bars; one of a label that is stored replaces it. A second time changes nothing.

        Raises ``HistoryError`` for labels that are no integers.
        """

    def prune(self, quote: str, base: str, before_ms: int, *, stored_before_ms: int | None = None) -> int:
        """Remove the groups of bars that lie before ``before_ms`` as a whole. Return how many groups that were.

        With ``stored_before_ms``, groups that were changed since that moment stay.
        """

    def quotes(self) -> list[str]:
        """Return the quotes of which anything is stored, in order of their keys."""

    def info(self, quote: str, base: str) -> StoredInfo | None:
        """Return the size of what is stored, None for nothing."""


class QuoteState(NamedTuple):
    """Stored state of a quote: ``stamp`` is the last entry of the bus that it contains, ``seq`` the number of ticks.

    ``state`` is whatever its writer gave, without the ticks.
    """

    stamp: str
    seq: int
    state: bytes


class StateChange(msgspec.Struct, frozen=True):
    """Everything that is new about a quote up to the entry ``stamp`` of the bus.

    ``ticks`` are the ticks ``after`` + 1 to ``seq`` in the order of their arrival, as bytes of the writer's own. With
    an ``after`` of 0 they are all that is kept of the ticks, and replace what is stored; else they are added to it.
    At least the newest ``most_ticks`` ticks stay.
    ``bars`` are those that were finished or corrected, by base period.
    """

    quote: str
    stamp: str
    seq: int
    state: bytes
    after: int = 0
    ticks: bytes = b""
    most_ticks: int = 0
    bars: Mapping[Base, Sequence[Bar]] = {}


class QuoteStates(Protocol):
    """The states of quotes. A store in Redis may raise ``QueueError`` from each call.

    A worker begins with them: it loads the states, reads the bus from ``position`` on, and leaves out for each quote
    the entries up to its stamp.
    """

    def begin(self) -> str:
        """Return the entry up to which everything is stored, and keep what comes behind it on the bus from now on.

        ``START`` if nothing was ever stored: then the whole bus is read.
        """

    def pass_on(self, until: str) -> None:
        """Note that everything up to the entry ``until`` is stored. The position never moves backwards."""

    def stored_until(self) -> str:
        """Return the position, ``START`` if there is none."""

    def save(self, changes: Sequence[StateChange]) -> list[int]:
        """Store changes, each as a whole or not at all. Return for each the ``seq`` that is stored now.

        A change whose ``after`` is neither 0 nor the stored seq would leave a hole: it is not stored, and the
        returned number says what to begin with. Nor is one stored whose stamp lies before the stored one, nor one of
        a quote of which a key holds something else: that is -1.
        """

    def load(self, quotes: Collection[str]) -> dict[str, QuoteState]:
        """Return the states of quotes, of those that have one."""

    def drop(self, quote: str, stamp: str) -> bool:
        """Forget the state and the ticks of a quote, if its stamp is still this one. Return whether it was."""

    def ticks(self, quote: str) -> list[bytes]:
        """Return the stored ticks of a quote as they were given, the oldest first."""

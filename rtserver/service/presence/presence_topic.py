"""Topic of a scope: the differences that its viewers get, and what those get who come or come back. Pure.

The number of a row is the moment of the last event that it holds, by the registry's clock. All workers know the same
events, so a number says the same on each of them, although each makes differences of its own.
"""

from collections import deque
from collections.abc import Iterable
from itertools import takewhile

from rtserver.base.bridge.message import Row
from rtserver.registry.presence import Event, PresenceTable, net
from rtserver.service.presence.listing import Listing, rows_of
from rtserver.service.topic.topic import Topic

DIFFERENCE_SECONDS = 1.0
"""Least time between two differences."""
MOST_EVENTS = 10_000
"""Events of one difference: so many clients could not take at once. The others follow with the next ones."""
KEPT_EVENTS = 20_000
"""Events that are kept for those who come back."""
FEW = 10
"""A listing is handed out once more while there are so many times fewer events behind it than users in it."""
KEPT_LISTINGS = 4
MOST_PENDING = 60 * MOST_EVENTS
"""Events that may wait; where there are more, everybody asks for a new listing."""


class PresenceTopic(Topic):
    """The events of one scope. ``table`` has who is present.

    What clients know of other workers can be completed from the moment ``since_ms`` on. ``lefts`` counts the last
    viewers that have gone.
    """

    def __init__(self, name: str, scope: str, table: PresenceTable, epoch: str, since_ms: int) -> None:
        super().__init__(name, table.now_ms, epoch)
        self.scope = scope
        self.lefts = 0
        self._table = table
        self._since_ms = since_ms
        self._log_ms = table.now_ms  # all events behind it are in the log
        self._pending: deque[Event] = deque()
        self._log: deque[Event] = deque()
        self._listings: deque[Listing] = deque(maxlen=KEPT_LISTINGS)
        self._due = 0.0

    @property
    def count(self) -> int:
        """The number of users who are present."""
        return len(self._table.present(self.scope))

    def add(self, events: Iterable[Event]) -> None:
        """Take the next events of the scope."""
        for event in events:
            self._pending.append(event)
            self._log.append(event)
        while len(self._log) > KEPT_EVENTS:
            self._log_ms = self._log.popleft().at_ms

    def seconds_to_difference(self, now: float) -> float | None:
        """Return the seconds until a difference is due; None if there is nothing to say."""
        return max(0.0, self._due - now) if self._pending else None

    def take_difference(self, now: float) -> None:
        """Make rows of the events that wait, to be posted. There must be some.

        Too many make everybody ask for a new listing.
        """
        before = self.seq
        if len(self._pending) > MOST_PENDING:
            self._pending.clear()
            rows, self.seq, self.needs_picture = [], self._table.now_ms, True
        else:
            events = [self._pending.popleft() for _ in range(min(MOST_EVENTS, len(self._pending)))]
            rows = self._rows(events)
            # Of a moment of which a part waits nothing counts as known: who comes back gets all of it once more.
            whole_ms = self._pending[0].at_ms - 1 if self._pending else events[-1].at_ms
            self.seq = max(before, min(events[-1].at_ms, whole_ms))
        self._due = now + DIFFERENCE_SECONDS
        self.unsent += rows
        self.left_out = self.seq - before - len(rows)

    def rows_after(self, known_ms: int) -> tuple[Row, ...] | None:
        """Return the rows for a client that knows all up to a moment; None if it needs a listing."""
        if not max(self._since_ms, self._log_ms) <= known_ms <= self._table.now_ms:
            return None
        events = self._events_after(known_ms)
        return tuple(self._rows(events)) if len(events) <= MOST_EVENTS else None

    def listing(self) -> tuple[Listing, tuple[Row, ...]]:
        """Return a listing, and the rows behind it."""
        if self._listings:
            last = self._listings[-1]
            events = self._events_after(last.at_ms) if last.at_ms >= self._log_ms else None
            if events is not None and len(events) <= (min(MOST_EVENTS, last.count // FEW) if last.pages > 1 else 0):
                return last, tuple(self._rows(events))
        listing = Listing(self._table.now_ms, self._table.present(self.scope))
        self._listings.append(listing)
        return listing, ()

    def maybe_listing(self, at_ms: int) -> Listing | None:
        """Return the listing of a moment, None if it is not kept any more."""
        return next((listing for listing in self._listings if listing.at_ms == at_ms), None)

    def _events_after(self, known_ms: int) -> list[Event]:
        return list(takewhile(lambda event: event.at_ms > known_ms, reversed(self._log)))[::-1]

    def _rows(self, events: Iterable[Event]) -> list[Row]:
        """Return events as rows. Each has a label of its own: none takes the place of another."""
        rows = rows_of(net(events), self.count)
        return [(f"{self._table.now_ms}-{index}", data) for index, data in enumerate(rows)]

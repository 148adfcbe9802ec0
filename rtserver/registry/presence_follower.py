"""PresenceFollower: keeps a ``PresenceTable`` up to date with a registry.

It begins with a snapshot of the registry and of what has changed lately, and applies each change behind that. Where
changes are missing it begins anew. The history of the registry then has another epoch, for all who follow it. What
was present before lingers, so that a registry that has to be told everything again says nothing to anybody.
"""

from collections.abc import Callable, Collection
from functools import partial
from typing import NamedTuple, TypeVar

from rtserver.registry.presence import Event, Linger, PresenceTable
from rtserver.registry.presence_port import PresencePort
from rtserver.registry.running_server import asked
from rtserver.registry.user_place import Call
from tcelib.lease.port import CHANGES, NOWHERE, Change, LeasePort

COUNT = 100
"""Changes that are read at once: of a thousand items each at most."""
BACK_MS = 1_000
"""A change that is so much ahead of the registry's clock says that somebody has set the clock back."""

T = TypeVar("T")


class Look(NamedTuple):
    """Findings of a look: the events since the last one, in their order.

    It ``is_new`` if the table was made anew under another epoch: then the events are not all that has changed for
    those who know of the epoch before. It ``is_short`` if there are changes that another look will have.
    """

    events: list[Event]
    is_new: bool = False
    is_short: bool = False


class PresenceFollower:
    """Follows a registry. ``kinds`` names the kinds of items that are of interest. Call everything on one thread.

    ``table`` may be read between two looks. Moments of ``table.now_ms`` are those of ``epoch``; ``since_ms`` is the
    first one behind which all events are known as they are to others.
    """

    def __init__(
        self,
        leases: LeasePort,
        port: PresencePort,
        kinds: Collection[str],
        linger: Linger,
        call: Call = asked,
    ) -> None:
        self.table = PresenceTable(linger)
        self.epoch = ""
        self.since_ms = 0
        self._leases = leases
        self._port = port
        self._kinds = frozenset(kinds)
        self._linger = linger
        self._call = call
        self._position = NOWHERE

    @property
    def is_begun(self) -> bool:
        """True while the table has been looked at, and not been given up."""
        return bool(self.epoch)

    def rest(self) -> None:
        """Give the table up. The next look begins."""
        self.table, self.epoch, self._position = PresenceTable(self._linger), "", NOWHERE

    def look(self) -> Look:
        """Bring the table up to date. Raises ``QueueError``; the next look goes on.

        All changes before the moment that is read first have been told when they are read. So the table is complete
        up to that moment, and later changes wait for the next look.
        """
        now_ms, epoch = self._ask(self._port.moment)
        if epoch != self.epoch:
            return self._begin(epoch)
        changes = self._read()
        if changes is None:
            if self._position == NOWHERE and self._ask(self._leases.position) == NOWHERE:
                changes = []  # nothing has changed for an hour, and before that nothing is missing
            else:
                return self._begin(self._renewed(epoch))
        events, is_short = self._apply(changes, _known_until(now_ms, changes))
        return Look(events, is_short=is_short)

    def wait(self, seconds: float) -> None:
        """Wait until there is something to look at, for ``seconds`` at most. Raises ``QueueError``."""
        self._ask(lambda: self._leases.wait(self._position, seconds))

    def _begin(self, epoch: str) -> Look:
        """Make the table anew, as of the present moment of an epoch."""
        old, is_new = self.table, bool(self.epoch)
        table = self.table = PresenceTable(self._linger)
        while not self._load():  # whoever has told more than is kept meanwhile
            table = self.table = PresenceTable(self._linger)
        recent = self._ask(lambda: self._leases.recent(table.now_ms - self._linger.ended_ms))
        table.load_absent([change for change in recent if change.at_ms <= table.now_ms], table.now_ms)
        self.since_ms = table.now_ms + (self._linger.ended_ms if len(recent) >= CHANGES else 0)
        self.epoch = epoch
        return Look(table.carry(old, table.now_ms), is_new=True) if is_new else Look([])

    def _load(self) -> bool:
        """Load the table with what the registry holds. Return False if changes are missing behind that."""
        self._position = self._ask(self._leases.position)
        for holder in self._ask(self._leases.holders):
            for what in self._kinds & frozenset(holder.registration.holds):
                self._load_items(holder.number, what)
        now_ms, _ = self._ask(self._port.moment)
        changes = self._read()
        if changes is None and self._position != NOWHERE:
            return False
        self._apply(changes or [], _known_until(now_ms, changes or []))
        return True

    def _load_items(self, number: int, what: str) -> None:
        cursor, is_first = "", True
        while cursor or is_first:
            items, cursor = self._ask(partial(self._leases.held, number, what, cursor))
            self.table.load(number, what, items)
            is_first = False

    def _apply(self, changes: list[Change], until_ms: int) -> tuple[list[Event], bool]:
        """Apply the changes up to a moment. Return the events, and whether there are later changes."""
        events: list[Event] = []
        known = [change for change in changes if change.at_ms <= until_ms]
        for change in known:
            if not change.what or change.what in self._kinds:
                events += self.table.apply(change)
            self._position = change.position
        events += self.table.advance(until_ms)
        return events, len(known) < len(changes)

    def _read(self) -> list[Change] | None:
        """Return all changes behind the position; None if some may be missing."""
        read: list[Change] = []
        while True:
            after = read[-1].position if read else self._position
            more = self._ask(partial(self._leases.changes, after, COUNT))
            if more is None:
                return None
            read += more
            if len(more) < COUNT:
                return read

    def _renewed(self, epoch: str) -> str:
        return self._ask(lambda: self._port.renew_epoch(epoch))

    def _ask(self, question: Callable[[], T]) -> T:
        return self._call(lambda: asked(question))


def _known_until(now_ms: int, changes: list[Change]) -> int:
    """Return the moment up to which no more changes can come: the millisecond of the look is not over.

    While the registry's clock is behind its own changes, the last of them counts as now.
    """
    last_ms = changes[-1].at_ms if changes else 0
    return last_ms if last_ms > now_ms + BACK_MS else now_ms - 1

"""BusHistory: the ids that a queue remembers of its bus, and what follows from them for a reader that comes back.

Pure. Both kinds of queue decide by it.
"""

from typing import NamedTuple

from rtserver.base.queue.port import START, Gone, number_of, order_of


class BusHistory(NamedTuple):
    """Ids of entries; None for those that do not exist.

    ``kept_until`` is where a cursor stands, ``born`` where it began. ``end`` is the end of the bus. ``lost`` is the
    last entry that Redis is known to have lost. ``oldest`` is the first entry that is left, ``next`` the first one
    behind the id in question.
    """

    kept_until: str | None
    born: str | None
    end: str
    lost: str | None
    oldest: str | None
    next: str | None

    def doubt(self, after: str) -> Gone | None:
        """Return ``UNKNOWN`` if nobody can tell what came behind ``after``, None if all of it is known."""
        here = order_of(after)
        is_beyond = here > order_of(self.kept_until or START)
        is_before = any(entry_id is not None and here < order_of(entry_id) for entry_id in (self.born, self.lost))
        return Gone.UNKNOWN if is_beyond or is_before or not self._is_on_bus(after) else None

    def _is_on_bus(self, after: str) -> bool:
        """Return True if ``after`` lies on this bus by its number, and not on one whose end was lost."""
        if self.oldest is None:
            return True
        if self.lost is not None and order_of(self.lost) <= order_of(after) <= order_of(self.end):
            return True
        expected = number_of(self.next) - 1 if self.next is not None else number_of(self.end)
        here = number_of(after)
        return here == expected or (here < expected and self.next == self.oldest)

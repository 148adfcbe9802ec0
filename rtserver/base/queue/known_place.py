"""What a queue knows of the places on its bus, and whether anybody may go on from one of them.

Pure; both kinds of queue decide by it.
"""

from typing import NamedTuple

from rtserver.base.queue.port import START, Gone, number_of, order_of


class Known(NamedTuple):
    """Ids; None for those that there are not.

    ``kept_until`` and ``born`` are where a cursor stands and began. ``end`` is the end of the bus, ``lost`` the place
    up to which Redis has lost entries at some time, ``oldest`` the first entry that is left, ``next`` the first one
    behind the place that is asked about.
    """

    kept_until: str | None
    born: str | None
    end: str
    lost: str | None
    oldest: str | None
    next: str | None

    def doubt(self, after: str) -> Gone | None:
        """``UNKNOWN`` if nobody can tell what came behind ``after``; None if everything is known."""
        here = order_of(after)
        is_beyond = here > order_of(self.kept_until or START)
        is_before = any(place is not None and here < order_of(place) for place in (self.born, self.lost))
        return Gone.UNKNOWN if is_beyond or is_before or not self._is_on_bus(after) else None

    def _is_on_bus(self, after: str) -> bool:
        """Whether the numbers say that ``after`` is a place on this bus, and not on one of which the end was lost."""
        if self.oldest is None:
            return True
        if self.lost is not None and order_of(self.lost) <= order_of(after) <= order_of(self.end):
            return True
        expected = number_of(self.next) - 1 if self.next is not None else number_of(self.end)
        here = number_of(after)
        return here == expected or (here < expected and self.next == self.oldest)

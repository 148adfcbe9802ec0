"""EarlyPushes: which messages a worker may post before the bus brings them, because it was told of them directly.

Pure. A user's messages leave in the order of the bus. So one may be posted early if all that came before it for its
user has been: because the bus has brought that, or because it was posted early itself. Any other waits for the bus,
and so does everything that nobody told of: no word of another worker is needed, and none is believed beyond this.
"""

from collections import deque
from collections.abc import Iterable

from rtserver.base.bridge.message import DeliverEarly
from rtserver.base.queue.port import Hint, order_of
from rtserver.service.push.push_choice import PushChoice

MOST_EARLY = 10_000
"""Messages that may be ahead of the bus."""


class EarlyPushes:
    """Early messages of one worker, whose ``choice`` says who is here and what the bus has brought.

    ``ids`` has those that the bus has not brought yet: it is to drop them. ``posted`` counts all, ``late`` those of a
    user who is here that had to wait for the bus.
    """

    def __init__(self, choice: PushChoice) -> None:
        self.ids: set[str] = set()
        self.posted = self.late = 0
        self._choice = choice
        self._in_order: deque[tuple[str, str]] = deque()
        self._last: dict[str, str] = {}

    def take(self, hints: Iterable[Hint]) -> list[DeliverEarly]:
        """Return what may be posted now. What the bus has brought must have been posted before."""
        self.forget()
        taken = []
        passed = order_of(self._choice.passed)
        for hint in hints:
            if order_of(hint.id) <= passed or hint.id in self.ids or not self._choice.is_here(hint.user_id):
                continue
            before, last = order_of(hint.before), self._last.get(hint.user_id)
            if len(self.ids) >= MOST_EARLY or (before > passed and (last is None or before > order_of(last))):
                self.late += 1
                continue
            self.ids.add(hint.id)
            self._in_order.append((hint.id, hint.user_id))
            self._last[hint.user_id] = hint.id
            taken.append(DeliverEarly((hint.user_id,), hint.raw, hint.id))
        self.posted += len(taken)
        return taken

    def forget(self) -> None:
        """Forget what the bus has brought meanwhile."""
        passed = order_of(self._choice.passed)
        in_order = self._in_order
        while in_order and order_of(in_order[0][0]) <= passed:
            entry_id, user_id = in_order.popleft()
            self.ids.discard(entry_id)
            if self._last.get(user_id) == entry_id:
                del self._last[user_id]

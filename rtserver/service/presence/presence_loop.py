"""PresenceLoop: looks at the registry while somebody wants to know who is present, and tells a backend.

While nobody does it waits, and asks Redis nothing.
"""

import logging
from collections.abc import Callable

from rtserver.base.queue.port import QueueError
from rtserver.registry.presence import Event
from rtserver.registry.presence_follower import Look, PresenceFollower
from rtserver.registry.presence_scope import ALL, Offer
from rtserver.service.message import BadData
from rtserver.service.presence.presence_service import PresenceService
from rtserver.service.presence.teller import PresenceTeller
from rtserver.service.wait import Event as Flag

BUSY_SECONDS = 0.2
"""Least time between two looks, where each finds something."""
IDLE_SECONDS = 2.0
"""Longest time between two looks."""
SHORT_SECONDS = 0.002
"""Time after which a millisecond is over in which somebody has come."""
LOG_SECONDS = 60.0
COUNT_SECONDS = 60.0
"""Time for which it is looked on after a handler has asked for a number."""

log = logging.getLogger(__name__)


class PresenceLoop:
    """A ``Source`` of the service thread.

    It sets ``begun`` with its first look, and waits for ``wanted`` while it is at rest. ``is_ending`` tells that the
    queue may raise because all ends.
    """

    def __init__(
        self,
        follower: PresenceFollower,
        service: PresenceService,
        offer: Offer,
        teller: PresenceTeller | None,
        *,
        wanted: Flag,
        begun: Flag,
        pause: Callable[[float], object],
        now: Callable[[], float],
        is_ending: Callable[[], bool],
    ) -> None:
        self._follower = follower
        self._service = service
        self._offer = offer
        self._teller = teller
        self._wanted, self._begun = wanted, begun
        self._pause = pause
        self._now = now
        self._is_ending = is_ending
        self._counted_until = float("-inf")
        self._is_over = False
        self._is_untold = False
        self._told_at = float("-inf")

    def wake(self) -> None:
        """Look, if at rest."""
        self._wanted.set()

    def run(self) -> None:
        """See ``Source``."""
        try:
            while not self._is_over:
                if self._is_wanted():
                    self._pass_time(self.turn())
                else:
                    self._rest()
        except QueueError:
            if not self._is_ending():
                raise

    def stop(self) -> None:
        """See ``Source``."""
        self._is_over = True
        self.wake()

    def count(self, scope: str = ALL) -> int:
        """Return how many users are present in a scope. Waits for the first look. Raises ``BadData``."""
        if scope not in self._offer:
            raise BadData(f"this server offers no presence of {scope!r}")
        self._counted_until = self._now() + COUNT_SECONDS
        self.wake()
        while not self._follower.is_begun:
            self._begun.wait()
        return len(self._follower.table.present(scope))

    def turn(self) -> float | None:
        """Look once, and say what there is to say. Return the seconds to rest; None to wait for the next change."""
        epoch = self._follower.epoch
        look = self._follower.look()
        if self._teller is not None:
            self._tell(self._teller, look.events, is_new=self._follower.epoch != epoch)
        self._service.take(look.events, is_new=look.is_new)
        self._begun.set()
        return self._seconds_to_next(look, self._service.post_due(self._now()))

    def _tell(self, teller: PresenceTeller, events: list[Event], *, is_new: bool) -> None:
        """Tell a backend.

        A queue that refuses costs nobody else anything, and is told all when it takes messages again.
        """
        try:
            if is_new or self._is_untold:
                self._is_untold = True
                teller.reconcile(self._follower.table, is_new=is_new)
            teller.tell(events)
            self._is_untold = False
        except QueueError as error:
            self._is_untold = True
            if self._now() - self._told_at >= LOG_SECONDS:
                self._told_at = self._now()
                log.error("! presence_queue cannot be told who comes and goes: %s; trying again", error)

    def _seconds_to_next(self, look: Look, due: float | None) -> float | None:
        if look.is_short:
            return SHORT_SECONDS
        if due is not None:
            return min(due, BUSY_SECONDS)
        return BUSY_SECONDS if look.events else None

    def _pass_time(self, seconds: float | None) -> None:
        if self._is_over:
            return
        if seconds is not None:
            self._pause(seconds)
            return
        table = self._follower.table
        due_ms = table.next_due_ms()
        until_due = IDLE_SECONDS if due_ms is None else (due_ms - table.now_ms) / 1000 + SHORT_SECONDS
        self._follower.wait(min(IDLE_SECONDS, max(SHORT_SECONDS, until_due)))

    def _is_wanted(self) -> bool:
        return self._teller is not None or self._service.is_wanted or self._now() < self._counted_until

    def _rest(self) -> None:
        self._follower.rest()
        self._begun.clear()
        self._wanted.clear()
        self._wanted.wait()

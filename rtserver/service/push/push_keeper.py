"""PushKeeper: decides whether this worker keeps all pushed messages, or leaves that to another one.

The lease says whose turn it is, and the cursor in Redis whether it is done. A worker leaves it to another one only
while the cursor passes, within seconds, what has come by here. So an owner of the lease that stands still costs some
work done twice, and no message.
"""

from collections.abc import Callable
from typing import Protocol

from rtserver.base.queue.port import START, QueueError, order_of
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.push.user_streams import UserStreams
from rtserver.service.queue_link import QueueLink
from rtserver.service.wait import nothing

LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 3.0
"""Time in which the cursor has to pass what came by here."""
KEEP_SECONDS = 10.0
"""Time for which a worker keeps that found nobody else do it: until then the lease has another owner."""


class Lease(Protocol):
    """The turn to keep."""

    def is_ours(self) -> bool:
        """Return whether it is this worker's turn. May ask the registry."""

    def leave(self) -> None:
        """Give the turn to another worker."""


class PushKeeper:
    """The loop that decides, for the service thread. ``rest`` waits for seconds, and ``on_stop`` ends that wait.

    ``on_look`` is called behind each decision.
    """

    def __init__(
        self,
        handler: PushUserMsgHandler,
        streams: UserStreams,
        lease: Lease,
        link: QueueLink,
        *,
        rest: Callable[[float], object],
        on_stop: Callable[[], object],
        now: Callable[[], float],
        on_look: Callable[[], object] = nothing,
    ) -> None:
        self._on_look = on_look
        self._handler = handler
        self._streams = streams
        self._lease = lease
        self._link = link
        self._rest = rest
        self._on_stop = on_stop
        self._now = now
        self._is_over = False
        self._passed = START
        self._passed_at = float("-inf")
        self._keeps_until = float("-inf")
        streams.on_stuck = self.take_over

    @property
    def is_keeping(self) -> bool:
        """True unless this worker leaves the keeping to another one."""
        return not self._handler.is_choosing

    def run(self) -> None:
        """Decide once a second until stopped, then leave."""
        try:
            while not self._is_over:
                self.look()
                self._on_look()
                self._rest(LOOK_SECONDS)
        except QueueError:
            if not self._link.is_ending:
                raise
        self._lease.leave()

    def stop(self) -> None:
        """Let another worker keep, soon: the lanes have ended."""
        self._is_over = True
        self._on_stop()

    def look(self) -> None:
        """Decide once. Raises ``QueueError`` at the server's end."""
        if not self._streams.begins_at:
            return
        if self._lease.is_ours():
            self._handler.keep_all()
        elif self._is_kept():
            if self._now() >= self._keeps_until:
                self._handler.leave_to_another()
        elif self._now() - self._passed_at >= PATIENCE_SECONDS:
            self.take_over()

    def take_over(self) -> None:
        """Keep all messages for a while: nobody else does."""
        self._keeps_until = self._now() + KEEP_SECONDS
        self._handler.keep_all()

    def _is_kept(self) -> bool:
        """Return whether what had come by here at some look before has been kept."""
        if order_of(self._streams.look()) < order_of(self._passed):
            return False
        self._passed, self._passed_at = self._handler.choice.passed, self._now()
        return True

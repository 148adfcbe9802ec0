"""Pending connections of one stage on the event loop: their number and their deadlines."""

from typing import Protocol

from rtserver.base.connection.connection_set import ConnectionSet
from rtserver.base.connection.timer_wheel import Callback, Timer
from rtserver.base.limit.table import Limit
from tcelib.limit.pending import RETRY_SECONDS, PendingConnections
from tcelib.limit.too_many import TooMany, TryLaterError


class Pending(Protocol):
    """Connection that has not sent its request yet, or not all of it."""

    def turn_away(self, error: TryLaterError) -> None:
        """End the connection, with an answer where one can be given."""


class PendingWatch:
    """Bounds for the pending connections of one stage. Belongs to the event loop's thread.

    A full stage turns its longest pending connection away for a new one, with ``full_reason``. ``stage`` is its name
    among the listeners.
    """

    def __init__(self, connection_set: ConnectionSet, stage: str, full_reason: str) -> None:
        self.loop = connection_set.loop
        self.now = connection_set.now
        self._wheel = connection_set.wheel
        self._full_reason = full_reason
        self._connections: PendingConnections[Pending] = PendingConnections(connection_set.admission, stage)

    def __len__(self) -> int:
        return len(self._connections)

    def enter(self, connection: Pending, ip: str | None) -> None:
        """Count a connection until it leaves. ``ip`` None is a proxy's address.

        Raises ``TooMany`` for an address with too many pending connections.
        """
        displaced = self._connections.enter(connection, ip)
        if displaced is not None:
            displaced.turn_away(TooMany(Limit.PENDING, self._full_reason, RETRY_SECONDS))

    def arm(self, until: float, on_late: Callback) -> Timer:
        """Return a timer that calls ``on_late`` at ``until``, in the event loop's time."""
        now = self.now()
        return self._wheel.arm(now, max(0.0, until - now), on_late)

    def leave(self, connection: Pending) -> None:
        """Stop counting a connection; without effect for one that is not counted."""
        self._connections.leave(connection)

    def turn_away_all(self, error: TryLaterError) -> None:
        """End all pending connections."""
        for connection in self._connections:
            connection.turn_away(error)

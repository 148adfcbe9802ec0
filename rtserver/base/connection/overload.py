"""Watch on a client for whom more waits than may: it is given up if its socket takes nothing for too long.

The watch is a timer, so that it ends for a client to whom nothing more is pushed, too.
"""

from typing import Protocol

from rtserver.base.connection.shared import Shared
from rtserver.base.connection.timer_wheel import Timer


class Overloaded(Protocol):
    """Connection whose outbox is over its bound."""

    @property
    def is_stuck(self) -> bool:
        """True if the socket has taken nothing of what it was given for ``slow_seconds``."""

    @property
    def stuck_seconds(self) -> float:
        """Seconds for which the socket has taken nothing of what it was given."""

    def is_full(self) -> bool:
        """Offer the socket what waits. Return whether the connection is open and more waits than may, even so."""

    def give_up(self) -> None:
        """Close the connection as too slow."""


class Overload:
    """Watch on one connection, until its outbox is within its bound again or the connection is over."""

    __slots__ = ("_connection", "_shared", "_timer")

    def __init__(self, connection: Overloaded, shared: Shared) -> None:
        self._connection = connection
        self._shared = shared
        self._timer: Timer | None = None
        self._look_after(shared.bounds.slow_seconds)

    @property
    def is_watched(self) -> bool:
        """True while the verdict is still to come."""
        return self._timer is not None

    def end(self) -> None:
        """Look no more: the connection is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_after(self, seconds: float) -> None:
        self._timer = self._shared.wheel.arm(self._shared.now(), seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._connection.is_full():
            return
        if self._connection.is_stuck:
            self._connection.give_up()
        else:
            self._look_after(self._shared.bounds.slow_seconds - self._connection.stuck_seconds)

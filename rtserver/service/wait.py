"""Means of waiting that the loops of the service thread share. They know neither greenlets nor threads."""

from typing import Protocol

HOLD_SECONDS = 0.001
"""Pause between two checks of whether the websocket thread has caught up."""


class Event(Protocol):
    """A flag that one loop sleeps on and others set, on the same thread. ``gevent.event.Event`` is one."""

    def set(self) -> object:
        """Wake the loop that waits."""

    def clear(self) -> object:
        """Make the next ``wait`` wait."""

    def wait(self, timeout: float | None = None, /) -> object:
        """Return once the flag is set, or after ``timeout`` seconds."""


def nothing() -> None:
    """Do nothing: the default of callbacks."""

"""Waiting of a connection to a broker: the port of ``tcelib.queue.shell.thread_waiting`` and ``hub_waiting``."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Door(AbstractContextManager[Any, None], Protocol):
    """A lock whose holder may wait until another one has changed something, as ``threading.Condition`` is."""

    def wait(self, timeout: float) -> object:
        """Open the door, wait to be notified or for ``timeout`` seconds, and close it again."""

    def notify_all(self) -> None:
        """Notify all who wait."""


class Socket(Protocol):
    """Socket, as a connection needs it. Each call raises ``OSError`` where the connection is broken."""

    def recv(self, most: int, /) -> bytes:
        """Return bytes that have come; none is their end."""

    def sendall(self, data: bytes, /) -> object:
        """Send bytes."""

    def shutdown(self, how: int, /) -> object:
        """End both directions; wakes who waits."""

    def close(self) -> object:
        """Free the descriptor."""

    def fileno(self) -> int:
        """Return the descriptor; negative if it was freed."""


class Waiting(Protocol):
    """Port by which a connection opens its socket, waits, and goes on beside the program."""

    def connect(self, host: str, port: int, seconds: float) -> Socket:
        """Return a socket whose sends take ``seconds`` at most. Raises ``OSError``."""

    def is_readable(self, sock: Any, seconds: float) -> bool:
        """Wait until there is something to read. Raises ``OSError`` for a socket that was closed."""

    def door(self) -> Door:
        """Return a new door."""

    def go(self, run: Callable[[], object]) -> object:
        """Run something beside the program."""

"""Port of a connection to its reading half: the protocol that decides what incoming bytes mean."""

from typing import Protocol

from rtserver.base.limit.cpu_quota import FairShare


class Receiver(Protocol):
    """Reading half of a connection: the protocol that its bytes are in."""

    share: FairShare | None
    """Processor time of the user; None where it is not counted."""

    def on_accept(self) -> None:
        """The user is known from now on."""

    def on_bytes(self, data: bytes) -> None:
        """Handle what was read, and flush what it led to. Never raises."""

    def settle(self) -> None:
        """Send what the bytes led to: all of them have been handled."""

    def say_close(self, code: int, reason: str) -> None:
        """Queue our last frame."""

    def end(self) -> None:
        """Release timers: the connection is over."""

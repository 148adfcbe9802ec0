"""Ports between a connection and the protocol of its binary messages, which is handed in."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Protocol, TypeAlias

from rtserver.base.connection.handler import Agent, Identity
from rtserver.base.connection.shared import Shared
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.wire.payload import Framing
from tcelib.limit.connection_rate import ConnectionRate


class BinaryPeer(Protocol):
    """Protocol of one connection's binary messages."""

    def receive(self, data: bytes) -> Awaitable[object] | None:
        """Handle a binary message, or bytes of a binary stream. Nothing more is read while the result is pending."""

    def end(self) -> None:
        """Release timers and pending calls: the connection is over. Harmless after the first call."""


class Carrier(Protocol):
    """Connection as its binary peer sees it."""

    binary: BinaryPeer | None
    """The peer that takes the next binary message."""
    framing: Framing
    """Function that makes a frame of a message for many."""

    @property
    def shared(self) -> Shared:
        """State that all connections share."""

    @property
    def agent(self) -> Agent:
        """The handler's object for this connection; None while the user is not known."""

    @property
    def rate(self) -> ConnectionRate | None:
        """Messages and bytes that the client may send; None without a limit."""

    @property
    def remote_ip(self) -> str:
        """Address of the client."""

    @property
    def is_open(self) -> bool:
        """True while a push still has a chance to arrive."""

    @property
    def share(self) -> FairShare | None:
        """Processor time of the user; None where it is not counted."""

    async def turn(self) -> None:
        """Wait until all others have had a turn, and this user has one."""

    async def relieved(self) -> None:
        """Wait until there is room for answers, or the connection is over."""

    def admit(self, identity: Identity) -> bool:
        """Give the connection of a user who is known now to the handler. Return whether it is still open."""

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Send a frame, soon."""

    def close(self, code: int, reason: str = "") -> None:
        """End the connection. ``BinaryPeer.end`` is called before this returns."""


OpenBinary: TypeAlias = Callable[[Carrier, bytes], BinaryPeer]
"""Makes the peer of a connection whose first binary message has come. The peer is given that message afterwards."""

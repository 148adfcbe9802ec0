"""The bytes of TCP: packets one after the other, with nothing around them."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias


class Stream(Protocol):
    """The bytes between a socket and a connection. ``PacketStream`` and ``WebSocketStream`` are the two kinds.

    ``may_compress``: packets may be compressed. ``is_over``: nothing more will come. ``sends_headers_apart``: the
    peer is the original JavaScript client.
    """

    may_compress: bool
    is_over: bool
    sends_headers_apart: bool

    @property
    def is_open(self) -> bool:
        """True if packets may be sent."""

    def receive(self, data: bytes, /) -> bytes:
        """Return the bytes of packets in ``data``. Raises ``UpgradeError`` when a client was refused."""

    def pack(self, packets: Sequence[bytes], /) -> bytes:
        """Return the bytes that carry whole packets. Only while ``is_open``."""

    def close(self, code: int, /) -> None:
        """Take leave of the peer."""

    def take_outgoing(self) -> bytes:
        """Return the bytes that are due beside packets, each once."""


MakeStream: TypeAlias = Callable[[], Stream]


class PacketStream:
    """``Stream`` of one TCP socket."""

    may_compress = True
    is_open = True
    is_over = False
    sends_headers_apart = False

    def receive(self, data: bytes) -> bytes:
        """Return ``data``."""
        return data

    def pack(self, packets: Sequence[bytes]) -> bytes:
        """Return the packets, joined."""
        return packets[0] if len(packets) == 1 else b"".join(packets)

    def close(self, code: int) -> None:
        """Say nothing: the end of the socket is all that TCP has."""

    def take_outgoing(self) -> bytes:
        """Return nothing."""
        return b""

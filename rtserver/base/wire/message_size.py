"""Largest message that a client can be sent, and the size at which an update is cut. Pure.

A frame longer than ``outbox_hard_bytes`` can never wait for a client, so no client could take it. The makers of
messages check it first: a producer's message is refused before it is kept, a picture gets fewer rows, an update is
cut. A ``Connection`` drops a longer frame nevertheless; that costs the frame and not the connection.
"""

FRAME_BYTES = 256
"""Most bytes that a framing adds to a message, beside a second copy of the message's type (TCE)."""

TCE_PACKET_BYTES = 0x100000
"""Longest packet that TCE clients take."""

CHUNK_SHARE = 4
"""Largest part of ``outbox_bytes`` for a frame of an update, so that several can wait in order."""

LEAST_CHUNK_BYTES = 4_096
"""Length of a chart's row with every indicator, about: a frame has at least one row."""


class MessageTooLargeError(ValueError):
    """Message that no client could take. ``size`` and ``limit`` are in bytes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(size, limit)
        self.size = size
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"the message for the client has {self.size} bytes; outbox_hard_bytes leaves room for {self.limit}, "
            "so no client could take it"
        )


def largest_message(outbox_hard_bytes: int) -> int:
    """Return the bytes of JSON that fit into one frame of any framing, for a type of ordinary length."""
    return max(1, outbox_hard_bytes - FRAME_BYTES)


def chunk_bytes(outbox_bytes: int) -> int:
    """Return the bytes of JSON from which on an update is cut."""
    return max(LEAST_CHUNK_BYTES, outbox_bytes // CHUNK_SHARE)


class MessageSizeLimit:
    """Check for the makers of messages for clients.

    ``largest`` is in bytes of JSON; ``largest_everywhere`` is the largest that TCE clients take as well, who refuse
    packets over a length of their own.
    """

    def __init__(self, outbox_hard_bytes: int = 2_097_152) -> None:
        self.largest = largest_message(outbox_hard_bytes)
        self.largest_everywhere = min(self.largest, TCE_PACKET_BYTES - FRAME_BYTES)

    def check(self, message: bytes, msg_type: str) -> None:
        """Raise ``MessageTooLargeError`` for a message that does not fit into a frame of every framing."""
        # Only a type that is very long itself makes the second copy matter.
        size = len(message) if len(msg_type) <= 64 else len(message) + len(msg_type.encode())
        if size > self.largest:
            raise MessageTooLargeError(len(message), self.largest)

"""Largest message that a client can be sent, and how large a frame should be. Pure.

A frame longer than ``outbox_hard_bytes`` can never wait for a client, so no client could take it. Whoever makes
messages asks here first: a producer's message is refused before it is kept, a picture gets fewer rows, an update is
cut. ``OutgoingConnection`` refuses what comes nevertheless; that costs the frame and not the connection.
"""

FRAME_BYTES = 256
"""Upper bound of what a framing adds to a message, beside a second copy of the message's type (TCE)."""

TCE_PACKET_BYTES = 0x100000
"""Longest packet that TCE clients take."""

CHUNK_SHARE = 4
"""A frame of an update takes at most this part of ``outbox_bytes``, so that several wait in order."""

LEAST_CHUNK_BYTES = 4_096
"""A row of a chart with every indicator is about as long: a frame has at least one."""


class MessageTooLargeError(ValueError):
    """A message that no client could take. ``size`` and ``limit`` are in bytes."""

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
    """Bytes of JSON that fit into one frame of any framing, for a type of ordinary length."""
    return max(1, outbox_hard_bytes - FRAME_BYTES)


def chunk_bytes(outbox_bytes: int) -> int:
    """Bytes of JSON from which on an update is cut."""
    return max(LEAST_CHUNK_BYTES, outbox_bytes // CHUNK_SHARE)


class MessageSizeLimit:
    """The check of those who make messages for clients.

    ``largest`` is in bytes of JSON; ``largest_everywhere`` is what TCE clients take as well, who refuse packets over
    a length of their own.
    """

    def __init__(self, outbox_hard_bytes: int = 2_097_152) -> None:
        self.largest = largest_message(outbox_hard_bytes)
        self.largest_everywhere = min(self.largest, TCE_PACKET_BYTES - FRAME_BYTES)

    def check(self, message: bytes, msg_type: str) -> None:
        """Raise ``MessageTooLargeError`` for a message that does not fit into a frame, whatever the framing."""
        # Only a type that is very long itself makes the second copy matter.
        size = len(message) if len(msg_type) <= 64 else len(message) + len(msg_type.encode())
        if size > self.largest:
            raise MessageTooLargeError(len(message), self.largest)

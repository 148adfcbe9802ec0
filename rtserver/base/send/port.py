"""Port of the writes of one flush."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias

ShortWrite: TypeAlias = tuple[int, int]
"""Place of a frame that the system did not take whole, and the number of bytes that it took.

A negative number is an ``errno`` with the sign changed: the socket takes nothing any more.
"""


class SendEach(Protocol):
    """Function that sends a frame of its own to each of many sockets."""

    def __call__(self, files: Sequence[int], frames: Sequence[bytes], /) -> list[ShortWrite]:
        """Send each frame to the non-blocking socket whose file number has its place, by one write.

        Return the short writes in order of their places; a socket without room took 0 bytes. Never waits.
        Raises ``ValueError`` before anything is sent if there are not as many frames as files.
        """


class Sender(NamedTuple):
    """Way to send. ``detail`` names it in a line for those who run the server."""

    send_each: SendEach
    detail: str

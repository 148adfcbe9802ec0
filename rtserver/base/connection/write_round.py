"""One round of writes: all connections that can take one are written by one call.

No handler is called between the moment when bytes and file numbers are taken and the end of the call. So no socket
is closed in between whose number another one could get, and nothing is written ahead of the rest of a write.
"""

import errno
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from rtserver.base.send.port import SendEach, ShortWrite

log = logging.getLogger(__name__)


class Writable(Protocol):
    """Connection with something to write."""

    @property
    def file(self) -> int:
        """Number of the socket's file, as long as it is open."""

    def take(self) -> list[bytes]:
        """Return all frames that wait, and count them as sent; the caller writes them now.

        Empty where only ``flush`` can write: TLS, a write under way, a client that lags, a connection at its end.
        """

    def write_rest(self, data: bytes, written: int) -> None:
        """Take back a write of what was taken: the system took ``written`` bytes. Calls no handler."""

    def flush(self) -> None:
        """Write what waits now, as far as the system takes it."""

    def abort(self) -> None:
        """End the connection at once. Harmless if it has ended."""


def write_round(connections: Iterable[Writable], send_each: SendEach) -> list[Callable[[], object]]:
    """Write what the connections have. Return the calls that are left to make: they may call handlers."""
    left: list[Callable[[], object]] = []
    taken: list[Writable] = []
    files: list[int] = []
    writes: list[bytes] = []
    last: list[bytes] = []
    data = b""
    for connection in connections:
        frames = connection.take()
        if not frames:
            left.append(connection.flush)
            continue
        if frames != last:  # most clients get what the one before got: joined once, it is one piece of memory
            last, data = frames, b"".join(frames)
        taken.append(connection)
        files.append(connection.file)
        writes.append(data)
    for place, sent in _send(send_each, files, writes):
        if sent < 0:
            left.append(taken[place].abort)
        else:
            taken[place].write_rest(writes[place], sent)
    return left


def _send(send_each: SendEach, files: list[int], writes: list[bytes]) -> list[ShortWrite]:
    """Return the short writes. After an error nobody knows what was sent, so all have failed."""
    try:
        return send_each(files, writes)
    except BaseException:
        log.exception("! a round of writes failed")
        return [(place, -errno.EIO) for place in range(len(files))]

"""A connection of Tornado's HTTP server that takes a place at the ``Gate``, and gives it back when it ends."""

import socket

from tornado.iostream import IOStream, SSLIOStream

from rtserver.base.gate import Gate


class GuestStream(IOStream):
    """The place has been taken already; the stream gives it back. ``ip`` is None for one that has none.

    ``first`` is what has been read from the connection.
    """

    def __init__(self, connection: socket.socket, gate: Gate, ip: str | None, first: bytes = b"") -> None:
        self._gate = gate
        self._ip = ip
        self._first = memoryview(first)
        super().__init__(connection)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Called by Tornado: what comes next, into ``buf``."""
        if not self._first:
            return super().read_from_fd(buf)
        count = min(len(self._first), len(buf))
        buf[:count] = self._first[:count]
        self._first = self._first[count:]
        return count

    def close_fd(self) -> None:
        """Called by Tornado when nothing will be read or written any more."""
        super().close_fd()
        self.give_back()

    def give_back(self) -> None:
        """Count no longer: the connection has ended, or it is somebody else's from now on."""
        if self._ip is not None:
            self._gate.leave(self._ip)
            self._ip = None


class SecureGuestStream(GuestStream, SSLIOStream):
    """The same over TLS; the handshake is over, which Tornado finds out by itself."""

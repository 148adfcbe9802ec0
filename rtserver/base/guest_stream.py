"""A connection of Tornado's HTTP server that takes a place at the ``Gate``, and gives it back when it ends."""

import socket

from tornado.iostream import IOStream

from rtserver.base.gate import Gate


class GuestStream(IOStream):
    """The place has been taken already; the stream gives it back. ``ip`` is None for one that has none."""

    def __init__(self, connection: socket.socket, gate: Gate, ip: str | None) -> None:
        self._gate = gate
        self._ip = ip
        super().__init__(connection)

    def close_fd(self) -> None:
        """Called by Tornado when nothing will be read or written any more."""
        super().close_fd()
        self.give_back()

    def give_back(self) -> None:
        """Count no longer: the connection has ended, or it is somebody else's from now on."""
        if self._ip is not None:
            self._gate.leave(self._ip)
            self._ip = None

"""TLS on sockets of the event loop: which certificate is shown, and the handshake.

Decides which versions are spoken, and nothing about what is said inside. Where the certificate comes from is for
whoever builds a ``Tls``.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

from tcelib.tls_errors import keep_apart

TLS_TURN_CONNECTIONS = 16
"""A handshake takes half a millisecond of the loop's time; everybody else has a turn after so many of them."""


class Tls:
    """What a server's doors share. ``context`` may be replaced while they are open: it is for newcomers.

    ``failures`` counts handshakes that did not come to an end.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.failures = 0

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """The server's end of TLS on a socket that does not block, and belongs to what is returned.

        Nothing has been said yet: see ``TlsHandshake``. Raises ``OSError``.
        """
        keep_apart(self.context)
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)


class TlsHandshake:
    """A handshake under way, until ``on_done()``, ``on_failed(error)`` or ``stop``. The deadline is the caller's."""

    __slots__ = ("_connection", "_file", "_loop", "_on_done", "_on_failed")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: ssl.SSLSocket,
        on_done: Callable[[], object],
        on_failed: Callable[[OSError], object],
    ) -> None:
        self._loop = loop
        self._connection = connection
        self._file = connection.fileno()
        self._on_done = on_done
        self._on_failed = on_failed

    def go_on(self) -> None:
        """As far as it gets with what has come."""
        try:
            self._connection.do_handshake()
        except ssl.SSLWantReadError:
            self._loop.remove_writer(self._file)
            self._loop.add_reader(self._file, self.go_on)
        except ssl.SSLWantWriteError:
            self._loop.remove_reader(self._file)
            self._loop.add_writer(self._file, self.go_on)
        except OSError as error:
            on_failed = self._on_failed
            self.stop()
            on_failed(error)
        else:
            on_done = self._on_done
            self.stop()
            on_done()

    def stop(self) -> None:
        """Wait no longer, and let go of those who would be told; the socket must be open still."""
        self._loop.remove_reader(self._file)
        self._loop.remove_writer(self._file)
        self._on_done = self._on_failed = _tell_nobody


def speaks_plainly(error: OSError) -> bool:
    """Whether what came in the place of a handshake is a request in plain HTTP."""
    return isinstance(error, ssl.SSLError) and error.reason == "HTTP_REQUEST"


def _tell_nobody(*_error: OSError) -> None:
    """In the place of what would keep a connection in memory that has ended."""

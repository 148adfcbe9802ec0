"""Acceptor of connections on sockets that listen already. Decides nothing about the connections.

When the process can open no more files, the system reports the same waiting connection again and again. Accepting
rests for a moment then: otherwise the loop would do nothing else, and no connection could end to make room.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

log = logging.getLogger(__name__)

TURN_CONNECTIONS = 64  # some milliseconds of handshakes, for which all others wait
MOST_WAITING = 65_536  # no system lets more wait for one socket (net.core.somaxconn)
REST_SECONDS = 1.0


class Acceptor:
    """Calls ``on_accept(connection, address)`` for each connection, which takes it over.

    Accepts up to ``turn_connections`` in one turn of the loop.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_accept: Callable[[socket.socket, Any], object],
        *,
        turn_connections: int = TURN_CONNECTIONS,
    ) -> None:
        self._loop = loop
        self._turn_connections = turn_connections
        self._on_accept = on_accept
        self._sockets: set[socket.socket] = set()

    def listen(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on these sockets, too. They do not block; the caller closes them after ``stop``."""
        for listening in sockets:
            self._sockets.add(listening)
            self._watch(listening)

    def stop(self) -> None:
        """Accept the connections that wait, and none after them.

        The system has told their clients that they are connected, and would reset them when the socket is closed.
        """
        self.leave(tuple(self._sockets))

    def leave(self, sockets: Iterable[socket.socket]) -> None:
        """Do so for these sockets only."""
        for listening in sockets:
            self._loop.remove_reader(listening)
            self._accept(listening, MOST_WAITING)
            self._sockets.discard(listening)

    def _watch(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening, self._turn_connections)

    def _accept(self, listening: socket.socket, most: int) -> None:
        """Accept up to ``most`` connections that wait."""
        for _ in range(most):
            try:
                connection, address = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue  # its client has left already
            except OSError as error:
                log.warning("! nobody can come in: %s", error.strerror)
                self._loop.remove_reader(listening)
                self._loop.call_later(REST_SECONDS, self._watch, listening)
                return
            self._on_accept(connection, address)

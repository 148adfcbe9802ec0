"""Accepts connections on sockets that listen already. Decides nothing about what they want.

When the process can open no more files, the system reports the same waiting connection again and again. Accepting
rests for a moment then: otherwise nothing else would be done, and those who could make room would not be heard.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

log = logging.getLogger(__name__)

TURN_CONNECTIONS = 128
MOST_WAITING = 65_536  # no system lets more wait for one socket (net.core.somaxconn)
REST_SECONDS = 1.0


class Acceptor:
    """Gives each connection to ``on_accept(connection, address)``, which takes it over.

    Up to ``turn_connections`` in one turn of the loop.
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
        """Accept on these too. They do not block, and stay the caller's to close, after ``stop``."""
        for listening in sockets:
            self._sockets.add(listening)
            self._watch(listening)

    def stop(self) -> None:
        """Accept those who wait, and nobody after them.

        The system has told them that they are connected, and would reset them when the socket is closed.
        """
        for listening in self._sockets:
            self._loop.remove_reader(listening)
            self._accept(listening, MOST_WAITING)
        self._sockets.clear()

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
                continue  # that one has left already
            except OSError as error:
                log.warning("! nobody can come in: %s", error.strerror)
                self._loop.remove_reader(listening)
                self._loop.call_later(REST_SECONDS, self._watch, listening)
                return
            self._on_accept(connection, address)

"""Clients that call: with a number of calls under way on each connection, or one on each of many new connections.

They look for answers without ever sleeping. Whoever sends to a process that sleeps on another core pays for waking
it: a server slower than these clients would be charged with that for every answer, one
that is quicker for none (tcelib at depth 1: 65,000 calls/s or 115,000).
"""

import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Self

from bench.clients import READ_BYTES
from bench.peers.call_wire import Talk
from rtserver.bench.client.error import TargetError

PATIENCE = 10.0
AT_ONCE = 64


def connected(port: int) -> socket.socket:
    """A socket of loopback."""
    connection = socket.socket()  # one with a timeout would ask the system twice for everything
    connection.connect(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Callers:
    """Connections that are there for as long as this is."""

    def __init__(self, sockets: Sequence[socket.socket], talker: Callable[[], Talk]) -> None:
        self._sockets = {connection.fileno(): connection for connection in sockets}
        self._talks = {number: talker() for number in self._sockets}
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._epoll = select.epoll()
        for number in self._sockets:
            self._epoll.register(number, select.EPOLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._epoll.close()
        for connection in self._sockets.values():
            connection.close()

    def begin(self, depth: int) -> None:
        """So many calls from everybody."""
        for number, connection in self._sockets.items():
            connection.sendall(self._talks[number].calls(depth))

    def calls_per_second(self, seconds: float) -> float:
        """Follow each answer with the next call for that long; the rate of answers.

        Raises ``TargetError`` if an answer is wrong, or none comes for too long.
        """
        answered = 0
        begun = time.perf_counter()
        while (took := time.perf_counter() - begun) < seconds:
            for number, _ in news(self._epoll):
                answered += self._go_on(number)
        return answered / took

    def _go_on(self, number: int) -> int:
        connection, talk = self._sockets[number], self._talks[number]
        try:
            size = connection.recv_into(self._buffer)
            answers = talk.answers(bytes(self._buffer[:size]))
            if answers:
                connection.sendall(talk.calls(answers))
        except OSError as error:
            raise TargetError(f"a connection failed under load: {error}") from None
        if not size:
            raise TargetError("the server closed a connection under load")
        return answers


def news(epoll: select.epoll) -> list[tuple[int, int]]:
    """The next events, waited for awake. Raises ``TargetError`` if there are none for too long."""
    begun = time.perf_counter()
    while not (events := epoll.poll(0)):
        if time.perf_counter() - begun > PATIENCE:
            raise TargetError("no answer comes")
    return events


def connections_per_second(port: int, talker: Callable[[], Talk], count: int) -> float:
    """The rate of connections that are opened for one call and closed with its answer, ``AT_ONCE`` at a time.

    Raises ``TargetError`` if an answer is wrong, or none comes for too long.
    """
    under_way: dict[int, tuple[socket.socket, Talk]] = {}
    opened = 0
    begun = time.perf_counter()
    with select.epoll() as epoll:
        try:
            while opened < count or under_way:
                while opened < count and len(under_way) < AT_ONCE:
                    connection, talk = connected(port), talker()
                    connection.sendall(talk.calls(1))
                    epoll.register(connection, select.EPOLLIN)
                    under_way[connection.fileno()] = connection, talk
                    opened += 1
                for number, _ in news(epoll):
                    if _is_answered(*under_way[number]):
                        under_way.pop(number)[0].close()
        except OSError as error:
            raise TargetError(f"a connection failed: {error}") from None
        finally:
            for connection, _ in under_way.values():
                connection.close()
    return count / (time.perf_counter() - begun)


def _is_answered(connection: socket.socket, talk: Talk) -> bool:
    data = connection.recv(READ_BYTES)
    if not data:
        raise TargetError("the server closed a connection before its answer")
    return talk.answers(data) > 0

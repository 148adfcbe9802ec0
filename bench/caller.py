"""Clients that call: with a number of calls under way on each connection, or one on each of many new connections."""

import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from bench.call_wire import Talk
from bench.load_client import READ_BYTES, LoadError

WARM_UP_SECONDS = 0.2
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

    def call_for(self, seconds: float) -> tuple[int, float]:
        """Follow each answer with the next call; the number of answers and the seconds it took.

        Raises ``LoadError`` if an answer is wrong, or none comes for too long.
        """
        answered = 0
        begun = time.perf_counter()
        while (took := time.perf_counter() - begun) < seconds:
            events = self._epoll.poll(PATIENCE)
            if not events:
                raise LoadError("no answer comes")
            for number, _ in events:
                answered += self._go_on(number)
        return answered, took

    def _go_on(self, number: int) -> int:
        connection, talk = self._sockets[number], self._talks[number]
        size = connection.recv_into(self._buffer)
        if not size:
            raise LoadError("the server closed a connection under load")
        answers = talk.answers(bytes(self._buffer[:size]))
        if answers:
            connection.sendall(talk.calls(answers))
        return answers


def keep_calling(callers: Callers, depth: int, seconds: float) -> dict[str, Any]:
    """Calls a second with ``depth`` under way on each connection."""
    callers.begin(depth)
    callers.call_for(WARM_UP_SECONDS)
    spent = time.process_time()
    answered, took = callers.call_for(seconds)
    spent = time.process_time() - spent
    return {"calls_per_second": round(answered / took), "client_busy": round(spent / took, 2)}


def connect_and_call(port: int, talker: Callable[[], Talk], count: int) -> dict[str, Any]:
    """Connections a second, each opened for one call and closed when its answer is there, ``AT_ONCE`` at a time.

    Raises ``LoadError`` if an answer is wrong, or none comes for too long.
    """
    under_way: dict[int, tuple[socket.socket, Talk]] = {}
    opened = 0
    begun, spent = time.perf_counter(), time.process_time()
    with select.epoll() as epoll:
        try:
            while opened < count or under_way:
                while opened < count and len(under_way) < AT_ONCE:
                    connection, talk = connected(port), talker()
                    connection.sendall(talk.calls(1))
                    epoll.register(connection, select.EPOLLIN)
                    under_way[connection.fileno()] = connection, talk
                    opened += 1
                events = epoll.poll(PATIENCE)
                if not events:
                    raise LoadError("no answer comes")
                for number, _ in events:
                    connection, talk = under_way[number]
                    data = connection.recv(READ_BYTES)
                    if not data:
                        raise LoadError("the server closed a connection before its answer")
                    if talk.answers(data):
                        del under_way[number]
                        connection.close()
        finally:
            for connection, _ in under_way.values():
                connection.close()
    took, spent = time.perf_counter() - begun, time.process_time() - spent
    return {"connections_per_second": round(count / took), "client_busy": round(spent / took, 2)}

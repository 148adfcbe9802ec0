"""Clients that ask and wait: each answer is followed by the next call, or by the end of its connection.

They look for answers without ever sleeping. Whoever sends to a process that sleeps on another core pays for waking
it: a server slower than these clients would be charged with that for every answer, one
that is quicker for none (tcelib at depth 1: 65,000 calls/s or 115,000).
"""

import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Self

from bench.clients import READ_BYTES
from bench.meter import percentiles
from bench.peers.call_wire import Talk
from rtserver.bench.client.error import TargetError

PATIENCE = 10.0
WARM_UP_SECONDS = 0.2
AT_ONCE = 64


def connected(port: int) -> socket.socket:
    """A socket of loopback."""
    connection = socket.socket()  # one with a timeout would ask the system twice for everything
    connection.connect(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Caller:
    """One connection: its calls go out in the order in which their answers come."""

    __slots__ = ("_asked", "_socket", "_talk", "ages", "answered")

    def __init__(self, connection: socket.socket, talk: Talk) -> None:
        self._socket = connection
        self._talk = talk
        self._asked: deque[tuple[int, int]] = deque()
        self.answered = 0
        self.ages: list[tuple[int, int]] = []
        """Nanoseconds from call to answer, and how many answers took them."""

    def call(self, count: int, now_ns: int) -> None:
        """Send so many calls."""
        self._asked.append((now_ns, count))
        self._socket.sendall(self._talk.calls(count))

    def go_on(self, buffer: memoryview) -> None:
        """Read, and call as often as has been answered. Raises ``TargetError``."""
        try:
            size = self._socket.recv_into(buffer)
            if not size:
                raise TargetError("the server closed a connection under load")
            answers = self._talk.answers(bytes(buffer[:size]))
            if answers:
                now = time.perf_counter_ns()
                self._count(answers, now)
                self.call(answers, now)
        except OSError as error:
            raise TargetError(f"a connection failed under load: {error}") from None

    def _count(self, answers: int, now_ns: int) -> None:
        self.answered += answers
        while answers:
            asked_ns, count = self._asked.popleft()
            taken = min(count, answers)
            self.ages.append((now_ns - asked_ns, taken))
            answers -= taken
            if count > taken:
                self._asked.appendleft((asked_ns, count - taken))


class Callers:
    """All connections, with ``depth`` calls of each under way from now on.

    With ``sleeps`` they do sleep while there is nothing to read: where the server's other ends share their core.
    """

    def __init__(
        self, sockets: Sequence[socket.socket], talker: Callable[[], Talk], depth: int, *, sleeps: bool = False
    ) -> None:
        self._sleeps = sleeps
        self._callers = {connection.fileno(): Caller(connection, talker()) for connection in sockets}
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._epoll = select.epoll()
        for number, caller in self._callers.items():
            self._epoll.register(number, select.EPOLLIN)
            caller.call(depth, time.perf_counter_ns())
        self._go_on_for(WARM_UP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._epoll.close()

    def measure(self, seconds: float, each: int = 1) -> dict[str, Any]:
        """Answers a second, percentiles of their ages in milliseconds, and how the client served least compares with
        the average. ``client_busy`` is the share of the time in which these clients did not wait. An answer counts
        as ``each``: so many calls were made for it.

        Raises ``TargetError`` if an answer is wrong, or none comes for too long.
        """
        for caller in self._callers.values():
            caller.answered = 0
            caller.ages.clear()
        took, waited = self._go_on_for(seconds)
        answered = [caller.answered for caller in self._callers.values()]
        total = sum(answered)
        if not total:
            raise TargetError("no request was answered")
        ages = (age / 1e9 for caller in self._callers.values() for age, times in caller.ages for _ in range(times))
        return {
            "per_second": round(each * total / took),
            **percentiles(ages),
            "least_share": round(min(answered) * len(answered) / total, 2),
            "client_busy": round(1 - waited / took, 2),
        }

    def _go_on_for(self, seconds: float) -> tuple[float, float]:
        """Return the seconds that it took, and those of them in which there was nothing to read."""
        waited = 0.0
        begun = time.perf_counter()
        while (now := time.perf_counter()) - begun < seconds:
            events = news(self._epoll, sleeps=self._sleeps)
            waited += time.perf_counter() - now
            for number, _ in events:
                self._callers[number].go_on(self._buffer)
        return now - begun, waited


def news(epoll: select.epoll, *, sleeps: bool = False) -> list[tuple[int, int]]:
    """The next events, waited for awake if nothing else is said. Raises ``TargetError`` if there are none for too
    long.
    """
    begun = time.perf_counter()
    while not (events := epoll.poll(PATIENCE if sleeps else 0)):
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
                    connection, talk = under_way[number]
                    data = connection.recv(READ_BYTES)
                    if not data:
                        raise TargetError("the server closed a connection before its answer")
                    if talk.answers(data):
                        connection.close()
                        del under_way[number]
        except OSError as error:
            raise TargetError(f"a connection failed: {error}") from None
        finally:
            for connection, _ in under_way.values():
                connection.close()
    return count / (time.perf_counter() - begun)

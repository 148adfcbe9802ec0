"""Crowd: all clients of a run on one epoll, each of which comes, is lost and comes back on its own.

Decides nothing about what is said: that is each ``Guest``'s.
"""

import heapq
import select
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Self

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import ProtocolError
from rtserver.bench.client.target import Target
from rtserver.bench.client.websocket import RefusedError
from rtserver.bench.connection import READ_BYTES, ConnectionLostError, Line, LoadConnection, State
from rtserver.bench.pool import resolve
from soak.workers.guest import Guest

ATTEMPT_SECONDS = 10.0
REMARK_SECONDS = 1.0
LONGEST_WAIT = 0.05

Now = Callable[[], float]


class Attempt:
    """One connection of a guest, from its first byte on."""

    __slots__ = ("connection", "guest", "has_remark")

    def __init__(self, guest: Guest, connection: LoadConnection) -> None:
        self.guest = guest
        self.connection = connection
        self.has_remark = False


class Crowd:
    """``guests`` are connected one after the other, ``arrivals`` a second. Run it with ``turn``."""

    def __init__(self, target: Target, guests: Sequence[Guest], arrivals: float, now: Now = time.monotonic) -> None:
        self._now = now
        self._guests = guests
        self._epoll = select.epoll()
        self._attempts: dict[int, Attempt] = {}
        buffer = memoryview(bytearray(READ_BYTES))
        self._line = Line(*resolve(target), None, 0, buffer, lambda number: guests[number].address)
        self._serial = count()
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        begun = now()
        for number in range(len(guests)):
            self._at(begun + number / arrivals, self._beginning(number))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for attempt in self._attempts.values():
            attempt.connection.close()
        self._epoll.close()

    def turn(self) -> None:
        """Do what is due, wait a moment for bytes, and let their guests have them."""
        now = self._now()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()
        wait = min(LONGEST_WAIT, max(0.0, self._timers[0][0] - now)) if self._timers else LONGEST_WAIT
        attempts = self._attempts
        for number, _ in self._epoll.poll(wait):
            if number in attempts:
                self._on_ready(attempts[number])

    def turn_until(self, is_true: Callable[[], object], seconds: float, what: str) -> None:
        """Run it until then. Raises ``TimeoutError`` with the name of what did not come."""
        deadline = self._now() + seconds
        while not is_true():
            if self._now() > deadline:
                raise TimeoutError(f"{what}: not within {seconds:g} s")
            self.turn()

    def turn_for(self, seconds: float) -> None:
        """Run it for so long."""
        deadline = self._now() + seconds
        while self._now() < deadline:
            self.turn()

    def _at(self, moment: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._timers, (moment, next(self._serial), action))

    def _beginning(self, number: int) -> Callable[[], object]:
        return lambda: self._begin(number)

    def _begin(self, number: int) -> None:
        guest = self._guests[number]
        connection = LoadConnection(number, self._line, guest.begin())
        attempt = self._attempts[connection.sock.fileno()] = Attempt(guest, connection)
        self._at(self._now() + ATTEMPT_SECONDS, lambda: self._give_up(attempt))
        self._on_ready(attempt)

    def _give_up(self, attempt: Attempt) -> None:
        connection = attempt.connection
        if connection.sock.fileno() >= 0 and connection.state is not State.OPEN:
            self._end(attempt, CloseCode.ABNORMAL, f"no answer within {ATTEMPT_SECONDS:g} s")

    def _on_ready(self, attempt: Attempt) -> None:
        connection = attempt.connection
        try:
            if connection.state is not State.OPEN and (not connection.advance() or not connection.has_news):
                self._watch(connection)
                return
            self._receive(attempt)
        except ConnectionLostError as error:
            self._end(attempt, error.code, error.reason)
        except RefusedError as error:
            self._end(attempt, CloseCode.ABNORMAL, str(error))
        except (OSError, ProtocolError) as error:
            self._end(attempt, CloseCode.ABNORMAL, getattr(error, "strerror", None) or str(error))

    def _receive(self, attempt: Attempt) -> None:
        """Raises ``ConnectionLostError``."""
        connection, guest = attempt.connection, attempt.guest
        payloads = connection.receive()
        for answer in guest.take(payloads, self._now()):
            connection.send(answer)
        if guest.is_leaving:
            self._end(attempt, CloseCode.NORMAL, "")
            return
        if not attempt.has_remark:
            attempt.has_remark = True
            self._at(self._now() + REMARK_SECONDS, lambda: self._remark(attempt))
        self._watch(connection)

    def _remark(self, attempt: Attempt) -> None:
        attempt.has_remark = False
        if attempt.connection.sock.fileno() < 0:
            return
        said = attempt.guest.remark()
        if said is not None:
            try:
                attempt.connection.send(said)
            except ConnectionLostError as error:
                self._end(attempt, error.code, error.reason)

    def _watch(self, connection: LoadConnection) -> None:
        if connection.events != connection.watched:
            change = self._epoll.modify if connection.watched else self._epoll.register
            change(connection.sock, connection.events)
            connection.watched = connection.events

    def _end(self, attempt: Attempt, code: int, reason: str) -> None:
        connection = attempt.connection
        del self._attempts[connection.sock.fileno()]
        if connection.watched:
            self._epoll.unregister(connection.sock)
        connection.close()
        now = self._now()
        delay = attempt.guest.on_end(code, reason, now)
        self._at(now + delay, self._beginning(connection.number))

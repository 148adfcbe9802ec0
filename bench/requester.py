"""Clients that ask and wait: each answer is followed by the next request, so the depth stays what it is."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from bench.clients import READ_BYTES, Clients
from bench.meter import Meter, percentiles
from rtserver.base.wire.frame import Opcode
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.websocket import client_frame

Request = Callable[[int], bytes]
WARM_UP_SECONDS = 0.2
TEXT: int = Opcode.TEXT.value  # a plain number: with that of an enum a frame takes half as long again


class Requesters:
    """All clients, with ``depth`` requests of each under way. ``meter`` knows the ages of the answers."""

    def __init__(self, clients: Clients, request: Request, depth: int) -> None:
        self._clients = clients
        self._request = request
        self._depth = depth
        self.answered: Counter[int] = Counter()
        self.meter = Meter(clients.sockets)

    def begin(self) -> None:
        """The first requests."""
        for number in self._clients.sockets:
            self._send(number, self._depth)

    def on_bytes(self, number: int, data: bytes) -> None:
        """As many requests as there are answers."""
        before = len(self.meter.seconds)
        self.meter.on_bytes(number, data)
        answers = len(self.meter.seconds) - before
        if answers:
            self.answered[number] += answers
            self._send(number, answers)

    def _send(self, number: int, count: int) -> None:
        frame = client_frame(TEXT, self._request(time.monotonic_ns()))
        self._clients.sockets[number].sendall(frame * count)


def ask(clients: Clients, request: Request, depth: int, seconds: float) -> dict[str, Any]:
    """Answers a second, percentiles in milliseconds, and how the client served least compares with the average."""
    requesters = Requesters(clients, request, depth)
    requesters.begin()
    clients.read_for(requesters.on_bytes, WARM_UP_SECONDS)
    before, first = requesters.answered.copy(), len(requesters.meter.seconds)
    spent = time.process_time()
    took = clients.read_for(requesters.on_bytes, seconds)
    spent = time.process_time() - spent
    answered = [requesters.answered[number] - before[number] for number in clients.sockets]
    total = sum(answered)
    if not total:
        raise TargetError("no request was answered")
    return {
        "answers_per_second": round(total / took),
        **percentiles(requesters.meter.seconds[first:]),
        "least_share": round(min(answered) * len(answered) / total, 2),
        "client_busy": round(spent / took, 2),
    }


def ask_alone(clients: Clients, request: Request, seconds: float) -> dict[str, Any]:
    """One client that does nothing else: percentiles in milliseconds from its send to its receive."""
    (connection,) = clients.sockets.values()
    connection.settimeout(seconds + 10)
    ages: list[float] = []
    begun = time.perf_counter()
    while (sent := time.perf_counter()) - begun < seconds:
        stamp = time.monotonic_ns()
        connection.sendall(client_frame(TEXT, request(stamp)))
        mark = b"%d" % stamp
        answer = b""
        while mark not in answer:
            answer += connection.recv(READ_BYTES)
        ages.append(time.perf_counter() - sent)
    return percentiles(ages)

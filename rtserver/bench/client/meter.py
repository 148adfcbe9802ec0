"""Counts of a load client: messages, marks in them, and latencies of deliveries and of replies.

Decides what each message of the server counts as. Knows no socket and reads no clock.
"""

from collections import deque
from collections.abc import Sequence

from rtserver.bench.client import mark
from rtserver.bench.client.histogram import Histogram

# The server writes the type first, so that one look at the beginning tells a message's kind.
PING = b'{"type":"ping"'
ERROR = b'{"type":"error"'
NOTICE = b'{"type":"notice"'
LAGGING = b'"lagging":true'


class Meter:
    """Counts from its making on. ``deliveries`` are marks; ``skewed`` are marks whose age cannot be true."""

    def __init__(self) -> None:
        self.messages = 0
        self.deliveries = 0
        self.replies = 0
        self.lags = 0
        self.skewed = 0
        self.errors = 0
        self.first_error = ""
        self.delivery = Histogram()
        self.reply = Histogram()
        self._payload = b""
        self._stamps: Sequence[int] = ()

    def take(self, payloads: Sequence[bytes], now_ns: int, *, is_timed: bool, pending: deque[int]) -> int:
        """Count what one connection read at ``now_ns``; how many requests were answered by it.

        ``pending`` holds when the connection's requests were due, the oldest first: replies come in that order. Ages
        of marks are only taken where ``is_timed``.
        """
        self.messages += len(payloads)
        answered = 0
        for payload in payloads:
            if payload.startswith(PING) and pending:
                self.reply.add(max(0, now_ns - pending.popleft()))
                answered += 1
            elif payload.startswith(ERROR):
                self.errors += 1
                self.first_error = self.first_error or payload.decode(errors="replace")
            elif payload.startswith(NOTICE) and LAGGING in payload:
                self.lags += 1
            elif is_timed:
                self._time(payload, now_ns)
            else:
                self.deliveries += mark.count(payload)
        self.replies += answered
        return answered

    def _time(self, payload: bytes, now_ns: int) -> None:
        # Subscribers of one topic get equal bytes, one after the other: they are read once for all of them.
        if payload != self._payload:
            self._payload, self._stamps = payload, mark.stamps(payload)
        self.deliveries += len(self._stamps)
        for stamp in self._stamps:
            age = now_ns - stamp
            if mark.is_plausible(age):
                self.delivery.add(age)
            else:
                self.skewed += 1

"""Work of a peer: messages and their moments, the same for every peer, so that only the servers differ.

The peer writes ``READY`` to its stdout, then the harness orders to its stdin, one JSON object a line (``Order``), and
the peer asks every millisecond what is due. A peer that cannot keep up is not buried: what it has missed for longer
than ``CATCH_UP`` is forgotten, which shows as deliveries below the offered load. When the harness goes, the peer
goes.

Standard library only, because every peer runs in an environment of its own.
"""

import argparse
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

TICK = 0.001
CATCH_UP = 0.050
READY = "ready"
JOIN = '{"join"'
JOINED = '{"joined":true}'

Member = TypeVar("Member", bound=Hashable)


@dataclass(frozen=True)
class Order:
    """``rate`` messages a second of about ``size`` bytes, to ``topics`` topics in turn, from number ``first`` on,
    no fewer than ``batch`` at once.

    ``own`` is other work: that many rounds a second, each of which gives every member a message made for it alone; or
    ``in_turn``, that many messages a second, each for one member, the next one for the next. With ``everyone``
    rtserver pushes to all users in place of a topic. It keeps what it pushes to users if it is told to ``keep`` it.
    Messages to topics are ``routed`` where their first fields tell rtserver which topic it is.
    """

    rate: float = 0.0
    size: int = 120
    topics: int = 1
    first: int = 0
    batch: int = 1
    own: bool = False
    in_turn: bool = False
    everyone: bool = False
    keep: bool = True
    routed: bool = False


def points(size: int) -> str:
    """Text of that length that compresses as well as a chart does: no better and no worse."""
    prices = random.Random(size)
    price = 430.0
    text = []
    for minute in range(size // 20 + 1):
        price += prices.gauss(0, 0.3)
        text.append(f"[{1_362_148_200_000 + 60_000 * minute + prices.randrange(1000)},{price:.2f}]")
    return ",".join(text)[:size]


class Work:
    """The messages that are due under the latest order. ``clock`` gives seconds."""

    def __init__(self, order: Order | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._received = self._order = order or Order()
        self._points = points(self._order.size)
        self._clock = clock
        self._begun = clock()
        self._number = 0

    @property
    def is_own(self) -> bool:
        """Return whether a number that ``take`` gives is a round of own messages, not one message of a topic."""
        return self._order.own

    @property
    def is_for_everyone(self) -> bool:
        """Return whether messages go to all users."""
        return self._order.everyone

    @property
    def is_kept(self) -> bool:
        """Return whether messages to users are kept for them."""
        return self._order.keep

    @property
    def is_routed(self) -> bool:
        """Return whether messages to topics have routes."""
        return self._order.routed

    def listen(self) -> None:
        """Take orders from stdin from now on. The process ends with its stdin."""
        threading.Thread(target=self._listen, daemon=True).start()
        print(READY, flush=True)

    def take(self) -> range:
        """The numbers of the messages (or rounds) that are due, each given once."""
        now = self._clock()
        if self._order is not self._received:
            self._order = self._received
            self._points = points(self._order.size)
            self._begun, self._number = now, 0
        rate = self._order.rate
        due = int((now - self._begun) * rate)
        most = max(1, int(CATCH_UP * rate))
        if due - self._number > most:
            self._begun += (due - self._number - most) / rate
            due = self._number + most
        due -= (due - self._number) % self._order.batch
        numbers = range(self._number, due)
        self._number = due
        return numbers

    def places(self, numbers: range, members: int) -> list[int]:
        """Return the places of the members who get the own messages of these numbers."""
        if self._order.in_turn:
            return [number % members for number in numbers]
        return [*range(members)] * len(numbers)

    def topic(self, number: int) -> int:
        """Return the topic of the message."""
        return self._order.first + number % self._order.topics

    def payload(self, number: int) -> str:
        """The message, stamped with the time at which it is published: now."""
        head = f'{{"type":"quote","label":"~~~~{time.monotonic_ns()}","number":{number},"rest":"'
        return f'{head}{self._points[: self._order.size - len(head) - 2]}"}}'

    def _listen(self) -> None:
        for line in sys.stdin:
            self._received = Order(**json.loads(line))
        os._exit(0)


class Board(Generic[Member]):
    """Members and topics, for servers that leave this to the application."""

    def __init__(self) -> None:
        self.members: dict[Member, None] = {}
        self._topics: dict[int, dict[Member, None]] = {}

    def topic(self, number: int) -> dict[Member, None]:
        """The members of a topic."""
        return self._topics.setdefault(number, {})

    def join(self, member: Member, text: str | bytes) -> str:
        """Put the member on the topics that its message names; the answer."""
        for number in wanted_topics(text):
            self.topic(number)[member] = None
        return JOINED

    def remove(self, member: Member) -> None:
        """Take it off everything."""
        self.members.pop(member, None)
        for members in self._topics.values():
            members.pop(member, None)


def wanted_topics(text: str | bytes) -> list[int]:
    """The topics that a client's message names."""
    numbers: list[int] = json.loads(text)["join"]
    return numbers


def port_argument() -> int:
    """The port that the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    return int(parser.parse_known_args()[0].port)

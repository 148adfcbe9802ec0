"""AmqpQueue: a queue at a broker that keeps a message until it is acknowledged: at least once.

The broker knows connections, not readers: what a connection holds goes to others when it ends, or has been silent
for too long. Readers of one ``AmqpQueue`` share its connection, and it watches over them: it knows who holds which
message, and for how long a reader has been silent. So what a silent reader holds may be claimed by readers of the
same object, and comes to others when the connection is gone.
"""

import math
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from tcelib.queue.address import Address, Create
from tcelib.queue.amqp.bound import MOST_COUNTED
from tcelib.queue.amqp.codec import Opened, decode, encode, encode_letter
from tcelib.queue.amqp.link import Arrival, accept, release
from tcelib.queue.amqp.live import Live
from tcelib.queue.amqp.node import AmqpNode
from tcelib.queue.error import MessageError
from tcelib.queue.message import DeadLetter, Delivery, Message
from tcelib.queue.port import EXPIRED, EXPIRY_DETAIL, MALFORMED

MOST_RELEASED = 1_000
DEAD_SUFFIX = ".dead"


@dataclass
class _Held:
    """A message that the broker has given to us. ``reader`` is empty for one that came back after a release."""

    message: Message
    delivery: Any
    put_at: float | None
    reader: str
    tries: int
    heard_at: float


class AmqpQueue:
    """See ``ReliableQueue``. Dead letters go to the queue ``<name>.dead``; ``now`` is in epoch seconds."""

    def __init__(
        self, node: AmqpNode, *, most_counted: int = MOST_COUNTED, now: Callable[[], float] = time.time
    ) -> None:
        self.name, self.address = node.node_address.name, node.address
        self.expired = 0
        self._node = node
        self._most_counted = most_counted
        self._now = now
        dead = Address(self.name + DEAD_SUFFIX, durable=node.node_address.durable, create=Create.ALWAYS)
        self._dead = AmqpNode(node.client, dead)
        self._arrivals = count(1)
        """Numbers for messages that have no id of their own."""
        self._released: dict[str, int] = {}
        """Tries of messages that we gave back: they come again, and are not new."""

    def put(self, messages: Sequence[Message]) -> None:
        """See ``Queue``. The broker decides about each message by itself."""
        is_durable, now = self._node.node_address.durable, self._now()
        self._node.send([encode(message, uuid.uuid4().hex, now, is_durable=is_durable) for message in messages])

    def take(self, reader: str, count: int, timeout: float) -> list[Delivery]:
        """See ``Queue``. What the broker delivers once more after a connection ended counts its tries."""
        while arrivals := self._node.take(reader, count, timeout):
            if found := self._open(reader, self._hold(reader, arrivals)):
                return found
            timeout = 0
        return []

    def claim(self, reader: str, count: int, silence: float) -> list[Delivery]:
        """See ``ReliableQueue``. Finds what readers of this object hold."""
        while claimed := self._claim(reader, count, silence):
            if found := self._open(reader, claimed):
                return found
        return []

    def again(self, reader: str, message_id: str) -> Delivery | None:
        """See ``ReliableQueue``."""
        with self._node.client.inside() as live:
            held = _held_by(live, reader, [message_id])
            for each in held:
                each.tries += 1
                each.heard_at = self._now()
        found = self._open(reader, held)
        return found[0] if found else None

    def held(self, reader: str, count: int) -> list[str]:
        """See ``ReliableQueue``."""
        with self._node.client.inside() as live:
            return [message_id for message_id, each in _all(live) if each.reader == reader][:count]

    def extend(self, reader: str, message_ids: Collection[str]) -> set[str]:
        """See ``ReliableQueue``. To the broker the connection itself is the sign of life."""
        with self._node.client.inside() as live:
            held = _held_by(live, reader, message_ids)
            for each in held:
                each.heard_at = self._now()
            return {each.message.id for each in held}

    def release(self, reader: str, message_ids: Collection[str]) -> None:
        """See ``ReliableQueue``. The broker gives them to any other connection at once."""
        with self._node.client.inside() as live:
            for each in _held_by(live, reader, message_ids):
                self._remember(each.message.id, each.tries - 1)
                self._settle(live, each.message.id, release)

    def acknowledge(self, message_ids: Collection[str]) -> int:
        """See ``ReliableQueue``. Knows the messages of this object."""
        with self._node.client.inside() as live:
            return sum(self._settle(live, message_id, accept) for message_id in message_ids)

    def bury(self, message_id: str, letter: DeadLetter) -> bool:
        """See ``ReliableQueue``. If the connection breaks in between, the message comes again, and has a letter."""
        with self._node.client.inside() as live:
            is_there = live is not None and message_id in live.held
        if not is_there:
            return False
        is_durable = self._node.node_address.durable
        self._dead.send([encode_letter(letter, uuid.uuid4().hex, self._now(), is_durable=is_durable)])
        return bool(self.acknowledge([message_id]))

    def tidy(self, silence: float) -> None:
        """See ``ReliableQueue``. No names are kept."""

    def length(self) -> int:
        """See ``Queue``. Counts what this object holds, and no more than ``most_counted`` of what nobody holds."""
        waiting = len(self._node.look(self._most_counted)) if self._most_counted else 0
        with self._node.client.inside() as live:
            return waiting + len(_all(live))

    def oldest_age(self) -> float | None:
        """See ``Queue``. None if the oldest message does not say when it was put."""
        moments = [decode(payload, "").put_at for payload in self._node.look(1)]
        with self._node.client.inside() as live:
            moments += [each.put_at for _, each in _all(live)]
        if not moments:
            return 0.0
        known = [moment for moment in moments if moment is not None]
        return max(0.0, self._now() - min(known)) if known else None

    def close(self) -> None:
        """See ``Queue``. What is held goes back to the broker."""
        self._node.client.close()

    def _hold(self, reader: str, arrivals: Iterable[Arrival]) -> list[_Held]:
        """Keep what came for a reader. Return what is new: no message that is none, and none that we gave back."""
        opened = [(each, found) for each in arrivals if (found := self._decoded(reader, each)) is not None]
        with self._node.client.inside() as live:
            if live is None:
                return []  # the broker gives them to others
            held = [self._keep(live, reader, arrival, found) for arrival, found in opened]
        return [each for each in held if each.reader]

    def _keep(self, live: Live, reader: str, arrival: Arrival, opened: Opened) -> _Held:
        message, failures, put_at = opened
        if message.id in live.held:  # two messages of one name
            message = replace(message, id=f"{message.id}#{arrival.number}")
        held = _Held(message, arrival.delivery, put_at, reader, failures + 1, self._now())
        live.held[message.id] = held
        tries = self._released.pop(message.id, None)
        if tries is not None:
            held.reader, held.tries, held.heard_at = "", tries, -math.inf
        return held

    def _decoded(self, reader: str, arrival: Arrival) -> Opened | None:
        try:
            return decode(arrival.payload, f"{reader}-{next(self._arrivals)}")
        except MessageError as error:
            self._bury_malformed(arrival, error)
            return None

    def _claim(self, reader: str, count: int, silence: float) -> list[_Held]:
        with self._node.client.inside() as live:
            now = self._now()
            silent = [each for _, each in _all(live) if now - each.heard_at >= silence][:count]
            for each in silent:
                each.reader, each.heard_at = reader, now
                each.tries += 1
            return silent

    def _open(self, reader: str, held: Iterable[_Held]) -> list[Delivery]:
        """Return what is not over; bury what is."""
        found = []
        for each in held:
            if each.message.is_expired(self._now()):
                letter = DeadLetter(each.message, EXPIRED, EXPIRY_DETAIL, self._now())
                self.expired += self.bury(each.message.id, letter)
            elif each.reader == reader:
                found.append(Delivery(each.message, each.tries))
        return found

    def _bury_malformed(self, arrival: Arrival, error: MessageError) -> None:
        letter = DeadLetter(Message(arrival.payload), MALFORMED, str(error), self._now())
        self._dead.send([encode_letter(letter, uuid.uuid4().hex, self._now(), is_durable=False)])
        with self._node.client.inside() as live:
            if live is not None:
                accept(arrival.delivery)

    def _remember(self, message_id: str, tries: int) -> None:
        self._released[message_id] = tries
        while len(self._released) > MOST_RELEASED:
            del self._released[next(iter(self._released))]

    def _settle(self, live: Live | None, message_id: str, settle: Callable[[Any], object]) -> bool:
        """Settle a message. False if we do not hold it."""
        each = live.held.pop(message_id, None) if live is not None else None
        if each is not None:
            settle(each.delivery)
        return each is not None


def _all(live: Live | None) -> list[tuple[str, _Held]]:
    return [] if live is None else [*live.held.items()]


def _held_by(live: Live | None, reader: str, message_ids: Iterable[str]) -> list[_Held]:
    found = [live.held.get(message_id) for message_id in message_ids] if live is not None else []
    return [each for each in found if each is not None and each.reader == reader]

"""AmqpBareQueue: a queue or topic at a broker whose messages are gone when they have been taken: at most once."""

import time
import uuid
from collections.abc import Callable, Sequence

from tcelib.queue.amqp.bound import MOST_COUNTED
from tcelib.queue.amqp.codec import decode, encode
from tcelib.queue.amqp.link import Arrival, accept
from tcelib.queue.amqp.node import AmqpNode
from tcelib.queue.bare import bare_bodies, fresh_deliveries, never
from tcelib.queue.error import MessageError
from tcelib.queue.message import Delivery, Message


class AmqpBareQueue:
    """See ``BareQueue``. ``expires_of`` reads from a body when it expires; ``now`` is in epoch seconds.

    ``malformed`` counts messages that were none, and are gone.
    """

    def __init__(
        self,
        node: AmqpNode,
        *,
        expires_of: Callable[[bytes], float | None] = never,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name, self.address = node.node_address.name, node.address
        self.expired = self.malformed = 0
        self._node = node
        self._expires_of = expires_of
        self._now = now

    def put(self, messages: Sequence[Message]) -> None:
        """See ``Queue``. The broker decides about each message by itself."""
        is_durable, now = self._node.node_address.durable, self._now()
        bodies = bare_bodies(messages)
        self._node.send([encode(Message(body), uuid.uuid4().hex, now, is_durable=is_durable) for body in bodies])

    def take(self, reader: str, count: int, timeout: float) -> list[Delivery]:
        """See ``Queue``."""
        found: list[Delivery] = []
        while not found and (arrivals := self._node.take(reader, count, timeout)):
            with self._node.client.inside() as live:
                if live is None:
                    continue  # the broker gives them to others, and the next take says what is wrong
                for arrival in arrivals:
                    accept(arrival.delivery)
            bodies = [body for arrival in arrivals if (body := self._body_of(arrival)) is not None]
            found = fresh_deliveries(bodies, self._expires_of, self._now())
            self.expired += len(bodies) - len(found)
            timeout = 0
        return found

    def length(self) -> int:
        """See ``Queue``. Counts no further than ``MOST_COUNTED``: AMQP has no question for it, only a look."""
        return len(self._node.look(MOST_COUNTED))

    def oldest_age(self) -> None:
        """See ``Queue``. Bodies do not say when they were put."""

    def wake(self, reader: str) -> None:
        """See ``BareQueue``."""
        self._node.wake(reader)

    def close(self) -> None:
        """See ``Queue``."""
        self._node.client.close()

    def _body_of(self, arrival: Arrival) -> bytes | None:
        try:
            return decode(arrival.payload, "").message.body
        except MessageError:
            self.malformed += 1
            return None

"""Queues at a broker, as the suites of ``tests/tcelib/queue`` need them."""

from collections.abc import Callable

import proton

from tcelib.queue.address import Address, Create, NodeType
from tcelib.queue.amqp.amqp_bare_queue import AmqpBareQueue
from tcelib.queue.amqp.amqp_queue import DEAD_SUFFIX, AmqpQueue
from tcelib.queue.amqp.node import AmqpNode
from tcelib.queue.amqp.open import open_node
from tcelib.queue.amqp.waiting import Waiting
from tcelib.queue.shell.hub_waiting import HubWaiting
from tcelib.queue.shell.thread_waiting import ThreadWaiting
from tests.tcelib.queue.rig import Clock

THREADS, HUB = ThreadWaiting(), HubWaiting()


def durable(name: str, kind: NodeType = NodeType.QUEUE) -> Address:
    """``name;{create:always,node:{type:queue,durable:true}}``"""
    return Address(name, type=kind, durable=True, create=Create.ALWAYS)


def node(url: str, name: str, kind: NodeType = NodeType.QUEUE, waiting: Waiting = THREADS) -> AmqpNode:
    """A node on a connection of its own."""
    return open_node(url, durable(name, kind), waiting)


def bare(
    url: str,
    name: str,
    kind: NodeType = NodeType.QUEUE,
    *,
    expires_of: Callable[[bytes], float | None] = lambda _body: None,
    now: Clock | None = None,
    waiting: Waiting = THREADS,
) -> AmqpBareQueue:
    """A queue that delivers at most once."""
    return AmqpBareQueue(node(url, name, kind, waiting), expires_of=expires_of, now=now or Clock())


class AmqpRig:
    """A queue that delivers at least once. The silence of its readers is time that passes."""

    def __init__(self, url: str, name: str, waiting: Waiting = THREADS) -> None:
        self.now = Clock()
        self._url, self._name, self._waiting = url, name, waiting
        self._queues: list[AmqpQueue] = []
        self.queue = self.another()

    def another(self) -> AmqpQueue:
        """The same queue, as another program has it."""
        queue = AmqpQueue(node(self._url, self._name, waiting=self._waiting), now=self.now)
        self._queues.append(queue)
        return queue

    def be_silent(self, seconds: float) -> None:
        """Let all readers be silent for so long."""
        self.now.pass_by(seconds)

    def letters(self) -> list[tuple[str, str, bytes]]:
        """Reason, detail and body of each dead letter."""
        dead = node(self._url, self._name + DEAD_SUFFIX)
        found = []
        for payload in dead.look(100):
            message = proton.Message()
            message.decode(payload)
            found.append((message.properties["dead-reason"], message.properties["dead-detail"], bytes(message.body)))
        dead.client.close()
        return found

    def close(self) -> None:
        """Close all connections."""
        for queue in self._queues:
            queue.close()

"""The contracts of queues, run at each broker: the suites of ``tests/tcelib/queue``, but for what needs a Redis."""

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from tcelib.queue.message import DeadLetter
from tcelib.queue.port import BareQueue, Queue, ReliableQueue
from tests.amqp.rig import HUB, THREADS, AmqpRig, bare
from tests.tcelib.queue import test_bare_queue, test_queue, test_reliable_queue
from tests.tcelib.queue.rig import Clock, put

NEEDS_REDIS = {"redis_url", "client"}
OF_GROUPS = {
    "test_a_reader_with_a_lease_is_not_silent_but_for_what_it_gave_back",
    "test_messages_of_readers_that_are_gone_are_claimed_at_once",
}
"""Tests of a ``GroupQueue``, which knows its readers by name. To a broker, a connection is the lease."""


def suite(module: ModuleType) -> dict[str, Callable[..., None]]:
    """The tests of a module that take what any queue gives."""
    tests = {name: test for name, test in vars(module).items() if name.startswith("test_") and name not in OF_GROUPS}
    return {
        name: staticmethod(t) for name, t in tests.items() if not NEEDS_REDIS & set(inspect.signature(t).parameters)
    }


class Common:
    """The parts that the suites share."""

    @pytest.fixture(params=["threads", "hub"])
    @staticmethod
    def rig(request: pytest.FixtureRequest, broker_url: str, unused_name: str) -> Iterator[AmqpRig]:
        rig = AmqpRig(broker_url, unused_name, THREADS if request.param == "threads" else HUB)
        yield rig
        rig.close()


class QueueOfRig(Common):
    """A queue that delivers at least once."""

    @pytest.fixture
    @staticmethod
    def queue(rig: AmqpRig) -> Queue:
        return rig.queue


class BareQueueOfName:
    """A queue that delivers at most once."""

    @pytest.fixture
    @staticmethod
    def now() -> Clock:
        return Clock()

    @pytest.fixture
    @staticmethod
    def queue(broker_url: str, unused_name: str, now: Clock) -> Iterator[BareQueue]:
        queue = bare(broker_url, unused_name, expires_of=test_bare_queue.expires_of, now=now)
        yield queue
        queue.close()


class UnexpiringBareQueue(BareQueueOfName):
    """One whose bodies do not say when they expire."""

    @pytest.fixture
    @staticmethod
    def queue(broker_url: str, unused_name: str) -> Iterator[BareQueue]:
        queue = bare(broker_url, unused_name)
        yield queue
        queue.close()


class ThreeMessages(Common):
    """A queue that delivers at least once, and has something."""

    @pytest.fixture
    @staticmethod
    def queue(rig: AmqpRig) -> ReliableQueue[DeadLetter]:
        put(rig.queue, b"1", b"2", b"3")
        return rig.queue


TestQueueAtLeastOnce = type("TestQueueAtLeastOnce", (QueueOfRig,), suite(test_queue))
TestQueueAtMostOnce = type("TestQueueAtMostOnce", (UnexpiringBareQueue,), suite(test_queue))
TestBareQueue = type("TestBareQueue", (BareQueueOfName,), suite(test_bare_queue))
TestReliableQueue = type("TestReliableQueue", (ThreeMessages,), suite(test_reliable_queue))


def test_the_suites_are_there() -> None:
    """A suite that moves must not be lost in silence."""
    assert [len(suite(module)) for module in (test_queue, test_bare_queue, test_reliable_queue)] == [7, 4, 20]

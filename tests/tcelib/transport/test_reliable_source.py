"""The reading side of a queue that keeps messages: what it does while the queue is away."""

from collections.abc import Iterator

import gevent
import pytest

from tcelib.queue.error import QueueAwayError, QueueError, QueueRefusedError
from tcelib.queue.memory import MemoryStreamQueue, memory_stream, polling
from tcelib.queue.message import DeadLetter, Delivery, Message
from tcelib.queue.reader import Reader
from tcelib.service.taken_call import UNFINISHED
from tcelib.transport.hub import queue_source
from tcelib.transport.hub.queue_source import ReliableSource
from tcelib.wire.message import CALL, LINGER_TIME, build_body
from tests.tcelib.runtime.gateway_rig import until_so

OVER = build_body(1, CALL, 0, extra={LINGER_TIME: "1"})
FRESH = build_body(2, CALL, 0)


class Desk:
    """A source of a queue that buries nothing while there is a ``failure``."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []
        self.failure: QueueError | None = None
        self.queue: MemoryStreamQueue[DeadLetter] = memory_stream("queue", self.letters, wait=polling(gevent.sleep))
        bury = self.queue.bury

        def bury_or_fail(message_id: str, letter: DeadLetter) -> bool:
            if self.failure is not None:
                raise self.failure
            return bury(message_id, letter)

        self.queue.bury = bury_or_fail  # type: ignore[method-assign]
        reader: Reader[DeadLetter] = Reader(self.queue, "me")
        self.source = ReliableSource("queue", reader, most_at_once=10, drain_seconds=0.0)

    def receive(self, count: int) -> list[Delivery]:
        """The next messages, so many of them."""
        found: list[Delivery] = []
        until_so(lambda: found.extend(self.source.receive(count - len(found))) or len(found) == count)
        return found

    def bury(self, delivery: Delivery) -> None:
        self.source.bury(delivery, UNFINISHED)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(queue_source, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(queue_source, "REFUSED_SECONDS", 0.01)
    desk = Desk()
    yield desk
    desk.failure = None
    desk.source.close()


def test_a_call_behind_one_that_cannot_be_buried_is_served(desk: Desk) -> None:
    desk.failure = QueueAwayError("there", "gone")
    desk.queue.put([Message(OVER), Message(FRESH)])
    assert [delivery.body for delivery in desk.receive(1)] == [FRESH]
    desk.failure = None
    until_so(lambda: [letter.reason for letter in desk.letters] == ["expired"], "it is buried when that can be done")


def test_a_dead_letter_is_written_when_the_queue_is_there_again(desk: Desk) -> None:
    desk.queue.put([Message(FRESH)])
    [delivery] = desk.receive(1)
    desk.failure = QueueAwayError("there", "gone")
    desk.bury(delivery)
    gevent.sleep(0)
    assert desk.letters == []
    desk.failure = None
    until_so(lambda: [letter.reason for letter in desk.letters] == ["unfinished"])
    assert desk.queue.length() == 0


def test_a_dead_letter_that_is_refused_keeps_neither_others_nor_acknowledgements(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_source, "REFUSED_SECONDS", 1.0)  # or a slow machine takes it again before the other one
    desk.queue.put([Message(OVER), Message(FRESH)])
    desk.failure = QueueRefusedError("there", "WRONGTYPE")
    desk.source.done(desk.receive(1)[0])
    until_so(lambda: desk.queue.length() == 1, "the other one is done")
    desk.failure = None
    until_so(lambda: desk.source.receive(1) == [] and [letter.reason for letter in desk.letters] == ["expired"])


def test_a_message_that_was_done_and_comes_again_is_known(desk: Desk) -> None:
    desk.queue.put([Message(FRESH), Message(FRESH)])
    first, second = desk.receive(2)
    desk.source.done(first)
    assert desk.source.was_done(first._replace(tries=2))
    assert not desk.source.was_done(first)
    assert not desk.source.was_done(second._replace(tries=2))

"""Canaries on the service side: who sends them, and who sends them on."""

from typing import Any

import msgspec
import pytest

from rtserver.base.bridge.message import Canary
from rtserver.base.queue.port import QueueAwayError
from rtserver.service.thread.canary import RETRY_SECONDS, CanaryData, CanaryGate, CanaryMsgHandler, CanarySource
from rtserver.watch.canary_trail import CanaryStage, CanaryTrail
from tests.service_fakes import Surroundings


@pytest.fixture
def trail() -> CanaryTrail:
    return CanaryTrail(5.0, 0.0)


class Queue:
    """A list that can be away, and a greenlet's sleep: the source is stopped after ``naps`` of them."""

    def __init__(self, trail: CanaryTrail, naps: int) -> None:
        self.sent: list[tuple[str, str, Any]] = []
        self.sleeps: list[float] = []
        self.is_away = False
        self.now = 100.0
        self.naps = naps
        self.source = CanarySource([self.put], "p1", trail, sleep=self.sleep, clock=lambda: self.now)

    def put(self, type: str, src: str, data: Any) -> None:  # noqa: A002
        if self.is_away:
            raise QueueAwayError("redis://x", "gone")
        self.sent.append((type, src, data))

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
        if len(self.sleeps) == self.naps:
            self.source.stop()


def test_one_is_sent_each_interval(trail: CanaryTrail) -> None:
    queue = Queue(trail, 3)
    queue.source.run()
    assert [data["sent"] for _, _, data in queue.sent] == [100, 105, 110]
    assert queue.sleeps == [5, 5, 5]
    assert trail.stage() is CanaryStage.LIST


def test_what_is_sent_is_what_is_taken(trail: CanaryTrail) -> None:
    queue, around = Queue(trail, 1), Surroundings()
    queue.source.run()
    ((kind, src, data),) = queue.sent
    handler = CanaryMsgHandler(around.context, "p1", CanaryGate(around.context.post, trail))
    assert kind == handler.msg_type
    handler(src, msgspec.convert(data, handler.data_type))
    assert around.posted == [Canary(100.0)]
    assert trail.stage() is CanaryStage.BRIDGE


def test_while_the_queue_is_away_it_is_tried_soon_and_nothing_is_on_the_list(trail: CanaryTrail) -> None:
    queue = Queue(trail, 2)
    queue.is_away = True
    queue.source.run()
    assert queue.sleeps == [RETRY_SECONDS, RETRY_SECONDS]
    assert trail.stage() is CanaryStage.NOWHERE


def test_without_an_interval_none_is_sent() -> None:
    queue = Queue(CanaryTrail(0.0, 0.0), 1)
    queue.source.run()
    assert queue.sent == queue.sleeps == []


def test_the_canaries_of_other_processes_are_theirs(trail: CanaryTrail) -> None:
    around = Surroundings()
    CanaryMsgHandler(around.context, "p1", CanaryGate(around.context.post, trail))("p2", CanaryData("p2", 1.0))
    assert around.posted == []
    assert trail.stage() is CanaryStage.NOWHERE


def test_a_canary_of_several_queues_goes_on_when_it_has_come_through_all(trail: CanaryTrail) -> None:
    around = Surroundings()
    gate = CanaryGate(around.context.post, trail)
    one, other = (CanaryMsgHandler(around.context, "p1", gate, queue) for queue in "ab")
    for sent in (1.0, 2.0):
        one("p1", CanaryData("p1", sent))
    assert around.posted == []
    other("p1", CanaryData("p1", 1.0))
    other("p1", CanaryData("p1", 3.0))
    assert around.posted == [Canary(1.0), Canary(2.0)]


@pytest.mark.parametrize("raw", [b"{}", b'{"process":1,"sent":1}', b'{"process":"p1","sent":"soon"}', b"[]"])
def test_another_shape_is_not_taken(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=CanaryMsgHandler.data_type)

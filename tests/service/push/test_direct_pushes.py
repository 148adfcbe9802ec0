"""The keeper tells workers, and a worker follows its stream: queues in memory, and a clock that the test moves."""

from collections.abc import Sequence

import pytest

from rtserver.base.bridge.message import DeliverEarly
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, QueueAwayError
from rtserver.service.push.direct_pushes import COUNT_SECONDS, DirectPushes
from rtserver.service.queue_link import QueueLink
from tests.service.push.test_push_choice import Desk, put


class Reader:
    """The reader of a bus, as far as it is told something."""

    def __init__(self) -> None:
        self.is_relieved = False
        self.heard = START

    def hear_of(self, offset: str) -> None:
        self.heard = offset

    def hurry(self) -> None:
        raise AssertionError("nothing is late")


class Worker:
    """One of the workers with the leases 1 and 2, of those that the test says there are."""

    def __init__(self, queue: MemoryQueue, lease: int, least: int = 2) -> None:
        self.leases: Sequence[int] = (1, 2)
        self.now, self.counts, self.rests = 100.0, 0, 0
        self.desk = Desk(queue)
        self.reader = Reader()
        self.link = QueueLink(lambda seconds: None)
        self.direct = DirectPushes(
            self.desk.handler,
            queue,
            self.link,
            self.count,
            least=least,
            rest=self.rest,
            on_stop=lambda: None,
            pause=lambda seconds: None,
            now=lambda: self.now,
        )
        self.direct.own_lease = lambda: lease
        self.direct.reader = self.reader

    def count(self) -> Sequence[int]:
        self.counts += 1
        return self.leases

    def rest(self, seconds: float) -> None:
        self.rests += 1


@pytest.fixture
def queue() -> MemoryQueue:
    queue = MemoryQueue(now=lambda: 1.0)
    queue.has_user = lambda lease, user_id: (lease, user_id) == (2, "7")
    return queue


def test_the_worker_that_keeps_tells_the_others_and_they_post_early(queue: MemoryQueue) -> None:
    keeper, worker = Worker(queue, 1), Worker(queue, 2)
    worker.desk.choose("7")
    for each in (keeper, worker):
        each.direct.look()
    [entry, _] = put(queue, 7, "ann")
    keeper.desk.take()
    worker.direct.follow()
    assert [each.offset for each in worker.desk.around.posted if isinstance(each, DeliverEarly)] == [entry]
    assert (worker.reader.is_relieved, worker.reader.heard) == (True, entry)
    assert queue.hints(1, START, 10, 0) == []


@pytest.mark.parametrize("least", [0, 3])
def test_with_too_few_workers_nobody_is_told_and_nobody_asks(queue: MemoryQueue, least: int) -> None:
    keeper, worker = Worker(queue, 1, least), Worker(queue, 2, least)
    worker.desk.choose("7")
    for each in (keeper, worker):
        each.direct.look()
    put(queue, 7)
    keeper.desk.take()
    worker.direct.follow()
    assert (keeper.direct.is_on, worker.rests, worker.reader.is_relieved) == (False, 1, False)
    assert queue.hints(2, START, 10, 0) == []
    assert keeper.counts == (1 if least else 0)


def test_workers_are_counted_now_and_then(queue: MemoryQueue) -> None:
    keeper = Worker(queue, 1)
    keeper.direct.look()
    keeper.leases = (1,)
    keeper.direct.look()
    assert (keeper.counts, keeper.direct.is_on) == (1, True)
    keeper.now += COUNT_SECONDS
    keeper.direct.look()
    assert (keeper.counts, keeper.direct.is_on) == (2, False)


def test_a_worker_under_another_lease_follows_another_stream_from_its_beginning(queue: MemoryQueue) -> None:
    keeper, worker = Worker(queue, 1), Worker(queue, 2)
    worker.desk.choose("7")
    for each in (keeper, worker):
        each.leases = (1, 2, 3)
        each.direct.look()
    put(queue, 7)
    keeper.desk.take()
    worker.direct.follow()
    worker.desk.take()
    queue.has_user = lambda lease, user_id: lease == 3
    worker.direct.own_lease = lambda: 3
    put(queue, 7)
    keeper.desk.take()
    worker.desk.around.posted.clear()
    worker.direct.follow()
    assert [type(each) for each in worker.desk.around.posted] == [DeliverEarly]


def test_the_loop_ends_when_it_is_stopped_and_when_the_queue_is_away_at_the_end(
    queue: MemoryQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(queue, 2)
    worker.direct._rest = lambda seconds: worker.direct.stop()
    worker.direct.run()
    worker = Worker(queue, 2)

    def fail() -> None:
        raise QueueAwayError("redis", "gone")

    monkeypatch.setattr(worker.direct, "follow", fail)
    with pytest.raises(QueueAwayError):
        worker.direct.run()
    worker.link.is_ending = True
    worker.direct.run()

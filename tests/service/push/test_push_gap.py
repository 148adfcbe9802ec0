"""Messages that one worker left to another, which did not keep them: on a queue in memory, and with a real Redis."""

import pytest

from rtserver.base.bridge.message import Deliver
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import Gone
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.service.message import encode
from rtserver.service.push import user_streams
from rtserver.service.push.user_streams import Portion, Question, Unkept
from tests.service.push.test_push_choice import Desk, put
from tests.service.test_bus_machine import TrimmedQueue


class Pair:
    """A worker that chooses, one that keeps, and their queue."""

    def __init__(self, queue: MemoryQueue | RedisQueue) -> None:
        self.queue = queue
        self.one, self.keeper = Desk(queue), Desk(queue)
        self.one.choose("7")

    def trim(self, length: int) -> None:
        """Let the bus lose all but its last entries, kept or not."""
        if isinstance(self.queue, TrimmedQueue):
            self.queue.trim(length)
        else:
            plain_client(self.queue.address).call("XTRIM", "{queue:rtserver}:bus", "MAXLEN", length)

    def ask(self, after: str, until: str) -> Portion | Unkept:
        """Ask the choosing worker for what is kept for user 7."""
        [found] = self.one.streams.read_together([Question("7", after, until)])
        assert isinstance(found, Portion | Unkept)
        return found


@pytest.fixture(params=["memory", "redis"])
def pair(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.setattr(user_streams, "GAP_COUNT", 2)
    if request.param == "memory":
        return Pair(TrimmedQueue(now=lambda: 1.0))
    return Pair(RedisQueue(plain_client(request.getfixturevalue("redis_url"))))


def test_a_worker_that_takes_over_keeps_all_of_it_in_order_and_other_types_pass_by(pair: Pair) -> None:
    ids = put(pair.queue, 7, 8, 7)
    pair.queue.put([encode("other", "me", 1), b"no json"])
    ids += put(pair.queue, [7, 8], "*", is_routed=False)[-2:]
    pair.one.take()
    pair.one.handler.keep_all()
    new = put(pair.queue, 7)
    pair.one.take()
    assert pair.one.kept("user:7") == [ids[0], ids[2], ids[3], *new]
    assert pair.one.kept("user:8") == [ids[1], ids[3]]
    assert pair.one.kept("user:*") == [ids[4]]
    assert pair.one.streams.look() == new[0]


def test_one_that_was_only_slow_keeps_nothing_twice(pair: Pair) -> None:
    ids = put(pair.queue, 7, 8, 7)
    pair.one.take()
    pair.one.handler.keep_all()
    pair.one.handler.on_done(ids[-1])
    assert [each.offset for each in pair.keeper.take() if isinstance(each, Deliver)] == ids
    assert (pair.one.kept("user:7"), pair.one.kept("user:8")) == ([ids[0], ids[2]], [ids[1]])
    assert (pair.one.streams.kept, pair.keeper.streams.kept) == (3, 0)


def test_what_left_the_bus_before_anybody_kept_it_is_told(pair: Pair) -> None:
    ids = put(pair.queue, 7, 7, 7, 7)
    pair.one.take()
    pair.trim(1)
    pair.one.handler.keep_all()
    pair.one.handler.on_done(ids[-1])
    assert pair.one.kept("user:7") == ids[-1:]
    found = pair.ask(pair.one.streams.begins_at, ids[-1])
    assert isinstance(found, Portion)
    assert ([entry.id for entry in found.entries], found.gone) == (ids[-1:], Gone.UNKNOWN)


def test_a_resume_waits_for_what_has_not_been_kept_yet(pair: Pair) -> None:
    ids = put(pair.queue, 7, 7)
    pair.one.take()
    assert pair.ask(pair.one.streams.begins_at, ids[-1]) == Unkept(ids[-1])
    assert pair.ask(ids[0], pair.one.streams.begins_at) == Unkept(ids[0])  # it was pushed by the other one
    pair.keeper.take()
    pair.one.streams.look()
    found = pair.ask(pair.one.streams.begins_at, ids[-1])
    assert isinstance(found, Portion)
    assert ([entry.id for entry in found.entries], found.gone) == (ids, None)


def test_what_nobody_keeps_is_kept_for_who_asks(pair: Pair) -> None:
    ids = put(pair.queue, 7, 8, 7)
    pair.one.take()
    calls = []
    pair.one.streams.on_stuck = lambda: calls.append(1)
    pair.one.streams.make_up(ids[-1])
    found = pair.ask(pair.one.streams.begins_at, ids[-1])
    assert isinstance(found, Portion)
    assert ([entry.id for entry in found.entries], found.gone, calls) == ([ids[0], ids[2]], None, [1])


def test_an_offset_beyond_the_bus_is_waited_for_by_nobody(pair: Pair) -> None:
    found = pair.ask("99999999999999-7", pair.one.streams.begins_at)
    assert isinstance(found, Portion)
    assert found.gone is Gone.UNKNOWN

"""What every queue keeps to: one suite for the one in Redis, on plain sockets and on gevent's, and for its twin."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.gevent_redis import gevent_client
from rtserver.base.memory_queue import MemoryQueue
from rtserver.base.queue_port import START, DeadLetter, QueuePort, just_before, number_of, order_of
from rtserver.base.redis_queue import RedisQueue, plain_client

MakeQueue = Callable[..., QueuePort]


@pytest.fixture(params=["memory", "redis", "redis on gevent"])
def make_queue(request: pytest.FixtureRequest) -> Iterator[MakeQueue]:
    queues: list[QueuePort] = []

    def make(**bounds: int) -> QueuePort:
        if request.param == "memory":
            queue: QueuePort = MemoryQueue(**bounds)
        else:
            connect = plain_client if request.param == "redis" else gevent_client
            queue = RedisQueue(connect(request.getfixturevalue("redis_url")), **bounds)
        queues.append(queue)
        return queue

    yield make
    for queue in queues:
        queue.close()


@pytest.fixture
def queue(make_queue: MakeQueue) -> QueuePort:
    return make_queue()


def messages(count: int, first: int = 0) -> list[bytes]:
    return [b"message %d" % number for number in range(first, first + count)]


def letter(raw: bytes = b"{", reason: str = "bad_json") -> DeadLetter:
    return DeadLetter(raw, reason, "ends too early", "feed-1", 1_362_150_000.25)


def test_nothing_is_there_at_first(queue: QueuePort) -> None:
    assert queue.waiting() == 0
    assert queue.newest_id() == START
    assert queue.intake(0).messages == 0
    assert queue.read(START, 10, 0) == []
    assert queue.range(START, START, 10) == []
    assert queue.dead_letters(START, 10) == []


def test_what_is_put_waits_on_the_list_until_the_intake(queue: QueuePort) -> None:
    queue.put(messages(3))
    assert queue.waiting() == 3
    assert queue.read(START, 10, 0) == []
    moved = queue.intake(0.1)
    assert moved.messages == 3
    assert moved.newest_id == queue.newest_id()
    assert queue.waiting() == 0
    assert [entry.raw for entry in queue.read(START, 10, 0)] == messages(3)


def test_a_message_is_any_bytes(queue: QueuePort) -> None:
    odd = [b"", b"\x00\xff", b"\r\n$3\r\n", "Ж".encode(), b"x" * 100_000]
    queue.put(odd)
    queue.intake(0.1)
    assert [entry.raw for entry in queue.read(START, 10, 0)] == odd


def test_putting_nothing_does_nothing(queue: QueuePort) -> None:
    queue.put([])
    assert queue.waiting() == 0


def test_one_intake_moves_a_bounded_number_and_the_next_goes_on_in_order(make_queue: MakeQueue) -> None:
    queue = make_queue(batch=10)
    queue.put(messages(25))
    counts = []
    while queue.waiting():
        counts.append(queue.intake(0.1).messages)
    assert sum(counts) == 25
    assert max(counts) <= 11
    assert [entry.raw for entry in queue.read(START, 100, 0)] == messages(25)


def test_an_intake_without_messages_still_names_the_newest_entry(queue: QueuePort) -> None:
    queue.put(messages(1))
    newest_id = queue.intake(0.1).newest_id
    assert queue.intake(0) == (0, newest_id)
    assert queue.intake(0.01) == (0, newest_id)


def test_the_numbers_in_the_ids_count_up_by_one(queue: QueuePort) -> None:
    for first in (0, 3, 6):
        queue.put(messages(3, first))
        queue.intake(0.1)
    ids = [entry.id for entry in queue.read(START, 100, 0)]
    assert [number_of(entry_id) for entry_id in ids] == list(range(1, 10))
    assert all(order_of(one) < order_of(other) for one, other in pairwise(ids))


def test_reading_goes_on_behind_the_last_id(queue: QueuePort) -> None:
    queue.put(messages(5))
    queue.intake(0.1)
    first = queue.read(START, 2, 0)
    rest = queue.read(first[-1].id, 10, 0)
    assert [entry.raw for entry in first + rest] == messages(5)
    assert queue.read(rest[-1].id, 10, 0.01) == []


def test_a_range_begins_behind_one_entry_and_ends_with_the_other(queue: QueuePort) -> None:
    queue.put(messages(6))
    queue.intake(0.1)
    ids = [entry.id for entry in queue.read(START, 10, 0)]
    assert [entry.id for entry in queue.range(ids[1], ids[4], 10)] == ids[2:5]
    assert [entry.id for entry in queue.range(START, ids[4], 2)] == ids[:2]
    assert [entry.id for entry in queue.range(just_before(ids[2]), ids[2], 10)] == [ids[2]]
    assert queue.range(ids[4], ids[4], 10) == []


def test_the_bus_forgets_its_oldest_entries_and_the_numbers_tell(make_queue: MakeQueue) -> None:
    queue = make_queue(bus_length=100)
    for first in range(0, 1000, 100):
        queue.put(messages(100, first))
        queue.intake(0.1)
    entries = queue.read(START, 1000, 0)
    assert 100 <= len(entries) <= 300  # Redis trims by whole nodes
    assert number_of(entries[0].id) == 1001 - len(entries)
    assert entries[-1].raw == b"message 999"
    assert queue.range(START, entries[0].id, 10) == entries[:1]


def test_a_dead_letter_keeps_everything(queue: QueuePort) -> None:
    buried = letter(b'{"type":\xff')
    queue.bury([buried, letter(reason="unknown_type")])
    found = queue.dead_letters(START, 10)
    assert [one.reason for one in found] == ["bad_json", "unknown_type"]
    assert (found[0].raw, found[0].detail, found[0].src, found[0].at) == (
        (buried.raw, buried.detail, buried.src, buried.at)
    )
    assert queue.dead_letters(found[0].id, 10) == found[1:]
    assert queue.dead_letters(START, 1) == found[:1]


def test_a_requeued_letter_is_on_the_list_again_and_dead_no_more(queue: QueuePort) -> None:
    queue.bury([letter(b"again"), letter(b"not this one")])
    found = queue.dead_letters(START, 10)
    assert queue.requeue(found[0].id)
    assert not queue.requeue(found[0].id)
    assert queue.dead_letters(START, 10) == found[1:]
    queue.intake(0.1)
    assert [entry.raw for entry in queue.read(START, 10, 0)] == [b"again"]


@given(st.integers(0, 2**50), st.integers(1, 2**50))
@settings(max_examples=50)
def test_just_before_an_id_is_smaller_and_its_number_one_less(milliseconds: int, number: int) -> None:
    entry_id = f"{milliseconds}-{number}"
    assert order_of(just_before(entry_id)) < order_of(entry_id)
    assert number_of(just_before(entry_id)) == number_of(entry_id) - 1

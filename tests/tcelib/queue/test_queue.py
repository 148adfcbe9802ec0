"""The contract of every queue, whether it delivers at most or at least once."""

import threading
import time
from collections.abc import Iterator

import pytest

from tcelib.queue.message import Message
from tcelib.queue.port import Queue
from tests.tcelib.queue.rig import Clock, MemoryRig, RedisRig, memory_list, put, redis_list, taken

KINDS = ["memory list", "redis list", "memory stream", "redis stream"]


def no_expiry(body: bytes) -> None:
    return None


@pytest.fixture(params=KINDS)
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    made: Queue
    if request.param == "memory list":
        made = memory_list(Clock(), no_expiry)
    elif request.param == "memory stream":
        made = MemoryRig().queue
    else:
        url = request.getfixturevalue("redis_url")
        made = redis_list(url, Clock(), no_expiry) if request.param == "redis list" else RedisRig(url).queue
    yield made
    made.close()


def test_an_empty_queue_gives_nothing(queue: Queue) -> None:
    assert taken(queue) == []
    assert taken(queue, timeout=0.01) == []
    assert queue.length() == 0
    assert not queue.oldest_age()


def test_messages_come_in_the_order_in_which_they_were_put(queue: Queue) -> None:
    put(queue, b"1", b"2")
    put(queue, b"3")
    put(queue)
    assert queue.length() == 3
    assert taken(queue) == [b"1", b"2", b"3"]
    assert taken(queue) == []


@pytest.mark.parametrize("timeout", [0.0, 1.0])
def test_a_reader_takes_no_more_than_it_asks_for(queue: Queue, timeout: float) -> None:
    put(queue, *(b"%d" % number for number in range(5)))
    assert [taken(queue, "a", count, timeout) for count in (2, 1, 9)] == [[b"0", b"1"], [b"2"], [b"3", b"4"]]


def test_two_readers_never_get_the_same_message(queue: Queue) -> None:
    bodies = [b"%d" % number for number in range(20)]
    put(queue, *bodies)
    found = {reader: [taken(queue, reader, 1) for _ in range(10)] for reader in "ab"}
    assert sorted(body for each in found.values() for [body] in each) == sorted(bodies)


def test_a_body_is_any_bytes(queue: Queue) -> None:
    bodies = [b"", bytes(range(256)), b"\r\n$5\r\n", b"x" * 100_000]
    put(queue, *bodies)
    assert taken(queue) == bodies


def test_a_wait_ends_after_its_time(queue: Queue) -> None:
    begun = time.monotonic()
    assert taken(queue, timeout=0.1) == []
    assert time.monotonic() - begun >= 0.09


@pytest.mark.parametrize("kind", ["list", "stream"])
def test_a_reader_that_waits_gets_what_comes(redis_url: str, kind: str) -> None:
    queue: Queue = redis_list(redis_url, Clock(), no_expiry) if kind == "list" else RedisRig(redis_url).queue
    put(queue, b"first")
    taken(queue, timeout=1.0)
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.extend(taken(queue, timeout=2.9)))
    thread.start()
    put(queue, b"now")
    thread.join()
    assert found == [b"now"]
    queue.close()


def test_a_put_of_something_else_than_messages_puts_nothing(queue: Queue) -> None:
    with pytest.raises((AttributeError, TypeError)):
        queue.put([Message(b"1"), "2"])  # type: ignore[list-item]
    assert queue.length() == 0

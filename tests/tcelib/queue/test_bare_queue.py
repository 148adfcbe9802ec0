"""Lists of bare bodies: in Redis what any other program pushes and pops, in memory its twin."""

import threading
from collections.abc import Iterator

import pytest
import redis

from tcelib.queue.error import MessageError, QueueAwayError, QueueError, QueueRefusedError
from tcelib.queue.message import Message
from tcelib.queue.port import BareQueue
from tests.tcelib.queue.rig import NAME, Clock, memory_list, put, redis_list, taken
from tests.until import until


def expires_of(body: bytes) -> float | None:
    """A body that is a number says when it expires."""
    return float(body) if body.isdigit() else None


@pytest.fixture
def now() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "redis"])
def queue(request: pytest.FixtureRequest, now: Clock) -> Iterator[BareQueue]:
    if request.param == "memory":
        yield memory_list(now, expires_of)
        return
    queue = redis_list(request.getfixturevalue("redis_url"), now, expires_of)
    yield queue
    queue.close()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def test_what_was_taken_is_gone(queue: BareQueue) -> None:
    put(queue, b"a", b"b")
    assert taken(queue, count=1) == [b"a"]
    assert queue.length() == 1
    [delivery] = queue.take("b", 1, 0)
    assert (delivery.tries, delivery.id) == (1, "")
    assert queue.length() == 0


def test_a_list_cannot_tell_how_old_its_messages_are(queue: BareQueue) -> None:
    put(queue, b"a")
    assert queue.oldest_age() is None


@pytest.mark.parametrize(
    ("message", "place"), [(Message(b"b", {"to": "x"}), "headers"), (Message(b"b", expires=9e9), "expires")]
)
def test_what_a_list_cannot_carry_is_refused_with_all_that_comes_along(
    queue: BareQueue, message: Message, place: str
) -> None:
    with pytest.raises(MessageError, match=f"{place}: a list carries bodies only"):
        queue.put([Message(b"a"), message])
    assert queue.length() == 0


def test_a_body_whose_time_is_over_is_dropped_and_counted(queue: BareQueue, now: Clock) -> None:
    over, later = b"%d" % now.time, b"%d" % (now.time + 1)
    put(queue, over, over, later, b"never", over)
    assert taken(queue, count=1) == [later]
    assert queue.expired == 2
    assert taken(queue) == [b"never"]
    assert queue.expired == 3


def test_what_lies_on_the_list_is_the_body_and_nothing_else(redis_url: str, client: redis.Redis) -> None:
    queue = redis_list(redis_url, Clock(), expires_of)
    put(queue, b"a", b"b")
    assert client.lrange(NAME, 0, -1) == [b"a", b"b"]
    client.rpush(NAME, b"c")
    assert taken(queue) == [b"a", b"b", b"c"]
    queue.close()


def test_a_waiting_reader_is_woken_and_loses_nothing(redis_url: str, client: redis.Redis) -> None:
    queue = redis_list(redis_url, Clock(), expires_of)
    queue.wake("nobody")
    thread = threading.Thread(target=taken, args=(queue, "a", 1, 60.0))
    thread.start()
    until(lambda: client.info("clients")["blocked_clients"] == 1, "the reader waits")
    queue.wake("a")
    thread.join(2.0)
    assert not thread.is_alive()
    put(queue, b"a")
    assert taken(queue, timeout=1.0) == [b"a"]
    queue.close()


def test_a_key_of_another_kind_is_named(redis_url: str, client: redis.Redis) -> None:
    queue = redis_list(redis_url, Clock(), expires_of)
    client.xadd(NAME, {"body": "x"})
    for act in (lambda: put(queue, b"a"), lambda: taken(queue), lambda: taken(queue, timeout=1.0), queue.length):
        with pytest.raises(QueueRefusedError, match="queue:billing is a stream, not a list"):
            act()
    assert client.xlen(NAME) == 1
    queue.close()


def test_a_connection_that_is_reset_costs_one_error(redis_url: str, client: redis.Redis) -> None:
    queue = redis_list(redis_url, Clock(), expires_of)
    errors: list[QueueError] = []

    def wait() -> None:
        try:
            taken(queue, timeout=60.0)
        except QueueError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: client.info("clients")["blocked_clients"] == 1, "the reader waits")
    client.client_kill_filter(_type="normal", skipme=True)
    thread.join()
    assert [type(error) for error in errors] == [QueueAwayError]
    put(queue, b"a")
    assert taken(queue, timeout=1.0) == [b"a"]
    queue.close()

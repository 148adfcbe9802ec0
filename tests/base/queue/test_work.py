"""Work in derived streams of the bus: a reliable queue whose messages are kept by ``QueuePort.keep``."""

from collections.abc import Iterator
from typing import TypeAlias

import pytest
import redis

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, DeadLetter, Kept, QueueRefusedError
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.base.queue.work import WorkQueue
from tcelib.queue.message import Delivery, Message
from tcelib.queue.port import ReliableQueue

Work: TypeAlias = ReliableQueue[DeadLetter]
STREAM = "once:test"
LETTER = DeadLetter(b"raw", "handler_failed", "KeyError: 1", "me", 1.5)


@pytest.fixture(params=["memory", "redis"])
def queue(request: pytest.FixtureRequest) -> Iterator[WorkQueue]:
    if request.param == "memory":
        yield MemoryQueue()
        return
    queue = RedisQueue(plain_client(request.getfixturevalue("redis_url")))
    yield queue
    queue.close()


@pytest.fixture
def work(queue: WorkQueue) -> Work:
    """Three pieces."""
    keep(queue, 1, 2, 3)
    return queue.work(STREAM)


def piece(entry_id: str, body: bytes, tries: int) -> Delivery:
    return Delivery(Message(body, id=entry_id), tries)


def take(work: Work, worker: str, timeout: float) -> Delivery | None:
    found = work.take(worker, 1, timeout)
    return found[0] if found else None


def claim(work: Work, worker: str, silence: float) -> Delivery | None:
    found = work.claim(worker, 1, silence)
    return found[0] if found else None


def keep(queue: WorkQueue, *numbers: int) -> None:
    queue.keep(STREAM, f"1-{numbers[-1]}", [Kept(STREAM, f"1-{n}", b"%d" % n) for n in numbers])


def test_where_nothing_was_kept_there_is_nothing_to_do(queue: WorkQueue) -> None:
    work = queue.work(STREAM)
    assert take(work, "w", 0) is None
    assert take(work, "w", 0.01) is None
    assert claim(work, "w", 0) is None
    assert work.length() == 0
    assert work.extend("w", []) == set()


@pytest.mark.parametrize("first", ["tidy", "claim", "held", "extend", "acknowledge", "length"])
def test_any_word_may_be_the_first(queue: WorkQueue, first: str) -> None:
    work = queue.work(STREAM)
    words = {
        "tidy": lambda: work.tidy(0),
        "claim": lambda: claim(work, "w", 0),
        "held": lambda: work.held("w", 10),
        "extend": lambda: work.extend("w", ["1-1"]),
        "acknowledge": lambda: work.acknowledge(["1-1"]),
        "length": work.length,
    }
    assert not words[first]()
    keep(queue, 1)
    assert take(work, "w", 0.1) == piece("1-1", b"1", 1)


def test_each_piece_is_taken_by_one_worker_in_order(work: Work) -> None:
    taken = [take(work, worker, 0.1) for worker in ("a", "b", "a")]
    assert taken == [piece("1-1", b"1", 1), piece("1-2", b"2", 1), piece("1-3", b"3", 1)]
    assert take(work, "b", 0) is None
    assert work.length() == 3


def test_what_is_done_is_gone_and_what_comes_later_is_new(queue: WorkQueue, work: Work) -> None:
    for _ in range(3):
        taken = take(work, "a", 0.1)
        assert taken is not None
        assert work.acknowledge([taken.id])
        assert not work.acknowledge([taken.id])
    assert work.length() == 0
    keep(queue, 3, 4)
    assert take(work, "a", 0.1) == piece("1-4", b"4", 1)
    assert queue.dead_letters(START, 10) == []


def test_of_a_silent_worker_anybody_may_claim_the_oldest_piece(work: Work) -> None:
    take(work, "dead", 0.1)
    take(work, "dead", 0.1)
    assert claim(work, "b", 60) is None
    assert claim(work, "b", 0) == piece("1-1", b"1", 2)
    assert work.again("dead", "1-1") is None
    assert work.again("dead", "1-2") == piece("1-2", b"2", 2)


def test_whoever_says_that_he_works_is_left_alone(queue: WorkQueue, work: Work) -> None:
    take(work, "a", 0.1)
    silence = 0.2
    while claim(work, "b", silence) is None:
        assert work.extend("b", ["1-1"]) == set()
    assert work.extend("a", ["1-1"]) == set()
    assert work.extend("b", ["1-1", "1-2"]) == {"1-1"}
    assert claim(work, "c", silence) is None


def test_a_piece_may_be_begun_again_by_who_holds_it_and_the_tries_are_counted(
    work: Work,
) -> None:
    take(work, "a", 0.1)
    assert [work.again("a", "1-1") for _ in range(2)] == [piece("1-1", b"1", 2), piece("1-1", b"1", 3)]
    assert work.extend("a", ["1-1"]) == {"1-1"}
    assert claim(work, "b", 0) == piece("1-1", b"1", 4)


def test_a_worker_is_told_what_it_holds(work: Work) -> None:
    assert work.held("a", 10) == []
    first, second = take(work, "a", 0), take(work, "a", 0)
    assert first is not None
    assert second is not None
    take(work, "b", 0)
    assert work.held("a", 10) == [first.id, second.id]
    assert work.held("a", 1) == [first.id]
    work.acknowledge([first.id])
    assert work.held("a", 10) == [second.id]


def test_what_was_released_is_anybody_s_at_once_and_the_try_does_not_count(work: Work) -> None:
    take(work, "a", 0.1)
    take(work, "b", 0.1)
    work.release("a", ["1-1", "1-2"])
    work.release("a", [])
    assert claim(work, "c", 3600) == piece("1-1", b"1", 1)
    assert claim(work, "c", 3600) is None


def test_a_slow_worker_may_finish_what_another_has_claimed_and_then_it_is_done_once(
    work: Work,
) -> None:
    take(work, "slow", 0.1)
    claim(work, "b", 0)
    assert work.acknowledge(["1-1"])
    assert not work.acknowledge(["1-1"])
    assert work.again("b", "1-1") is None
    assert not work.bury("1-1", LETTER)


def test_what_cannot_be_done_is_removed_and_becomes_a_dead_letter(queue: WorkQueue, work: Work) -> None:
    take(work, "a", 0.1)
    assert work.bury("1-1", LETTER)
    assert not work.bury("1-1", LETTER)
    [letter] = queue.dead_letters(START, 10)
    assert (letter.raw, letter.reason, letter.detail, letter.at) == (b"raw", "handler_failed", "KeyError: 1", 1.5)
    assert work.length() == 2
    assert claim(work, "b", 0) is None


def test_tidying_forgets_nothing_that_somebody_holds(work: Work) -> None:
    take(work, "a", 0.1)
    work.tidy(0)
    assert work.extend("a", ["1-1"]) == {"1-1"}
    work.acknowledge(["1-1"])
    work.tidy(0)
    assert take(work, "a", 0.1) == piece("1-2", b"2", 1)


def test_two_kinds_of_work_have_nothing_to_do_with_each_other(queue: WorkQueue, work: Work) -> None:
    other = queue.work("once:other")
    assert take(other, "a", 0) is None
    assert take(work, "a", 0.1) is not None


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def test_the_group_is_made_again_when_redis_has_lost_its_data(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    work = queue.work(STREAM)
    keep(queue, 1)
    assert take(work, "a", 0.1) is not None
    client.flushall()
    assert work.acknowledge(["1-1"]) == 0
    keep(queue, 1)
    assert take(work, "a", 0.1) == piece("1-1", b"1", 1)


def test_names_of_workers_that_are_gone_are_forgotten(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    keep(queue, 1, 2)
    work = queue.work(STREAM)
    for worker in ("holds one", "had one"):
        take(work, worker, 0.1)
    work.acknowledge(["1-2"])
    work.tidy(3600)
    assert len(client.xinfo_consumers("{queue:rtserver}:once:test", "workers")) == 2
    work.tidy(0)
    [left] = client.xinfo_consumers("{queue:rtserver}:once:test", "workers")
    assert left["name"] == b"holds one"


def test_a_piece_that_somebody_removed_by_hand_is_passed_over(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    keep(queue, 1, 2)
    work = queue.work(STREAM)
    take(work, "dead", 0.1)
    take(work, "dead", 0.1)
    client.xdel("{queue:rtserver}:once:test", "1-1")
    assert claim(work, "b", 0) == piece("1-2", b"2", 2)
    assert work.again("dead", "1-1") is None


def test_a_letter_for_which_there_is_no_place_leaves_the_piece_where_it_is(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    keep(queue, 1)
    work = queue.work(STREAM)
    take(work, "a", 0.1)
    client.set("{queue:rtserver}:dead", "in the way")
    with pytest.raises(QueueRefusedError, match="WRONGTYPE"):
        work.bury("1-1", LETTER)
    assert work.extend("a", ["1-1"]) == {"1-1"}

"""What every kind of work keeps to: one suite for that in Redis and for its twin."""

from collections.abc import Iterator

import pytest
import redis

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, DeadLetter, Kept, QueueRefusedError
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.base.queue.work_port import Work, WorkPort, WorkQueue

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
def work(queue: WorkQueue) -> WorkPort:
    """Three pieces."""
    keep(queue, 1, 2, 3)
    return queue.work(STREAM)


def keep(queue: WorkQueue, *numbers: int) -> None:
    queue.keep(STREAM, f"1-{numbers[-1]}", [Kept(STREAM, f"1-{n}", b"%d" % n) for n in numbers])


def test_where_nothing_was_kept_there_is_nothing_to_do(queue: WorkQueue) -> None:
    work = queue.work(STREAM)
    assert work.take("w", 0) is None
    assert work.take("w", 0.01) is None
    assert work.claim("w", 0) is None
    assert work.waiting() == 0
    assert work.renew("w", []) == set()


@pytest.mark.parametrize("first", ["tidy", "claim", "held", "renew", "finish", "waiting"])
def test_any_word_may_be_the_first(queue: WorkQueue, first: str) -> None:
    work = queue.work(STREAM)
    words = {
        "tidy": lambda: work.tidy(0),
        "claim": lambda: work.claim("w", 0),
        "held": lambda: work.held("w", 10),
        "renew": lambda: work.renew("w", ["1-1"]),
        "finish": lambda: work.finish("1-1"),
        "waiting": work.waiting,
    }
    assert not words[first]()
    keep(queue, 1)
    assert work.take("w", 0.1) == Work("1-1", b"1", 1)


def test_each_piece_is_taken_by_one_worker_in_order(work: WorkPort) -> None:
    taken = [work.take(worker, 0.1) for worker in ("a", "b", "a")]
    assert taken == [Work("1-1", b"1", 1), Work("1-2", b"2", 1), Work("1-3", b"3", 1)]
    assert work.take("b", 0) is None
    assert work.waiting() == 3


def test_what_is_done_is_gone_and_what_comes_later_is_new(queue: WorkQueue, work: WorkPort) -> None:
    for _ in range(3):
        taken = work.take("a", 0.1)
        assert taken is not None
        assert work.finish(taken.id)
        assert not work.finish(taken.id)
    assert work.waiting() == 0
    keep(queue, 3, 4)
    assert work.take("a", 0.1) == Work("1-4", b"4", 1)
    assert queue.dead_letters(START, 10) == []


def test_of_a_silent_worker_anybody_may_claim_the_oldest_piece(work: WorkPort) -> None:
    work.take("dead", 0.1)
    work.take("dead", 0.1)
    assert work.claim("b", 60) is None
    assert work.claim("b", 0) == Work("1-1", b"1", 2)
    assert work.again("dead", "1-1") is None
    assert work.again("dead", "1-2") == Work("1-2", b"2", 2)


def test_whoever_says_that_he_works_is_left_alone(queue: WorkQueue, work: WorkPort) -> None:
    work.take("a", 0.1)
    silence = 0.2
    while work.claim("b", silence) is None:
        assert work.renew("b", ["1-1"]) == set()
    assert work.renew("a", ["1-1"]) == set()
    assert work.renew("b", ["1-1", "1-2"]) == {"1-1"}
    assert work.claim("c", silence) is None


def test_a_piece_may_be_begun_again_by_who_holds_it_and_the_tries_are_counted(work: WorkPort) -> None:
    work.take("a", 0.1)
    assert [work.again("a", "1-1") for _ in range(2)] == [Work("1-1", b"1", 2), Work("1-1", b"1", 3)]
    assert work.renew("a", ["1-1"]) == {"1-1"}
    assert work.claim("b", 0) == Work("1-1", b"1", 4)


def test_a_worker_is_told_what_it_holds(work: WorkPort) -> None:
    assert work.held("a", 10) == []
    first, second = work.take("a", 0), work.take("a", 0)
    assert first is not None
    assert second is not None
    work.take("b", 0)
    assert work.held("a", 10) == [first.id, second.id]
    assert work.held("a", 1) == [first.id]
    work.finish(first.id)
    assert work.held("a", 10) == [second.id]


def test_what_was_released_is_anybody_s_at_once_and_the_try_does_not_count(work: WorkPort) -> None:
    work.take("a", 0.1)
    work.take("b", 0.1)
    work.release("a", ["1-1", "1-2"])
    work.release("a", [])
    assert work.claim("c", 3600) == Work("1-1", b"1", 1)
    assert work.claim("c", 3600) is None


def test_a_slow_worker_may_finish_what_another_has_claimed_and_then_it_is_done_once(work: WorkPort) -> None:
    work.take("slow", 0.1)
    work.claim("b", 0)
    assert work.finish("1-1")
    assert not work.finish("1-1")
    assert work.again("b", "1-1") is None
    assert not work.bury("1-1", LETTER)


def test_what_cannot_be_done_is_removed_and_becomes_a_dead_letter(queue: WorkQueue, work: WorkPort) -> None:
    work.take("a", 0.1)
    assert work.bury("1-1", LETTER)
    assert not work.bury("1-1", LETTER)
    [letter] = queue.dead_letters(START, 10)
    assert (letter.raw, letter.reason, letter.detail, letter.at) == (b"raw", "handler_failed", "KeyError: 1", 1.5)
    assert work.waiting() == 2
    assert work.claim("b", 0) is None


def test_tidying_forgets_nothing_that_somebody_holds(work: WorkPort) -> None:
    work.take("a", 0.1)
    work.tidy(0)
    assert work.renew("a", ["1-1"]) == {"1-1"}
    work.finish("1-1")
    work.tidy(0)
    assert work.take("a", 0.1) == Work("1-2", b"2", 1)


def test_two_kinds_of_work_have_nothing_to_do_with_each_other(queue: WorkQueue, work: WorkPort) -> None:
    other = queue.work("once:other")
    assert other.take("a", 0) is None
    assert work.take("a", 0.1) is not None


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def test_the_group_is_made_again_when_redis_has_lost_its_data(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    work = queue.work(STREAM)
    keep(queue, 1)
    assert work.take("a", 0.1) is not None
    client.flushall()
    assert work.finish("1-1") is False
    keep(queue, 1)
    assert work.take("a", 0.1) == Work("1-1", b"1", 1)


def test_names_of_workers_that_are_gone_are_forgotten(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    keep(queue, 1, 2)
    work = queue.work(STREAM)
    for worker in ("holds one", "had one"):
        work.take(worker, 0.1)
    work.finish("1-2")
    work.tidy(3600)
    assert len(client.xinfo_consumers("{queue:rtserver}:once:test", "workers")) == 2
    work.tidy(0)
    [left] = client.xinfo_consumers("{queue:rtserver}:once:test", "workers")
    assert left["name"] == b"holds one"


def test_a_piece_that_somebody_removed_by_hand_is_passed_over(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    keep(queue, 1, 2)
    work = queue.work(STREAM)
    work.take("dead", 0.1)
    work.take("dead", 0.1)
    client.xdel("{queue:rtserver}:once:test", "1-1")
    assert work.claim("b", 0) == Work("1-2", b"2", 2)
    assert work.again("dead", "1-1") is None


def test_a_letter_for_which_there_is_no_place_leaves_the_piece_where_it_is(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    keep(queue, 1)
    work = queue.work(STREAM)
    work.take("a", 0.1)
    client.set("{queue:rtserver}:dead", "in the way")
    with pytest.raises(QueueRefusedError, match="WRONGTYPE"):
        work.bury("1-1", LETTER)
    assert work.renew("a", ["1-1"]) == {"1-1"}

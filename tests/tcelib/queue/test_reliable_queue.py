"""The contract of every queue that delivers at least once: a message stays until it is done."""

from collections.abc import Iterator

import pytest

from tcelib.queue.message import DeadLetter, Delivery, Message
from tcelib.queue.port import LEASED, GroupQueue, ReliableQueue
from tcelib.queue.reader import Reader, ReaderRule
from tests.tcelib.queue.rig import MemoryRig, RedisRig, put, taken


@pytest.fixture(params=["memory", "redis"])
def rig(request: pytest.FixtureRequest) -> Iterator[MemoryRig | RedisRig]:
    rig = MemoryRig() if request.param == "memory" else RedisRig(request.getfixturevalue("redis_url"))
    yield rig
    rig.close()


@pytest.fixture
def queue(rig: MemoryRig | RedisRig) -> ReliableQueue[DeadLetter]:
    """Three messages."""
    put(rig.queue, b"1", b"2", b"3")
    return rig.queue


def summary(deliveries: list[Delivery]) -> list[tuple[bytes, int]]:
    """Body and tries of each."""
    return [(delivery.body, delivery.tries) for delivery in deliveries]


def letter(delivery: Delivery, reason: str = "bad") -> DeadLetter:
    return DeadLetter(delivery.message, reason, "a detail", 1.5)


@pytest.mark.parametrize("first", ["tidy", "claim", "held", "extend", "acknowledge", "bury", "length", "oldest_age"])
def test_any_call_may_be_the_first(rig: MemoryRig | RedisRig, first: str) -> None:
    queue = rig.queue
    calls = {
        "tidy": lambda: queue.tidy(0),
        "claim": lambda: queue.claim("a", 1, 0),
        "held": lambda: queue.held("a", 10),
        "extend": lambda: queue.extend("a", ["1-1"]),
        "acknowledge": lambda: queue.acknowledge(["1-1"]),
        "bury": lambda: queue.bury("1-1", DeadLetter(Message(b""), "bad", "", 0)),
        "length": queue.length,
        "oldest_age": queue.oldest_age,
    }
    assert not calls[first]()
    put(queue, b"1")
    assert taken(queue) == [b"1"]


def test_nothing_to_do_is_nothing_done(queue: ReliableQueue[DeadLetter]) -> None:
    assert queue.acknowledge([]) == 0
    assert queue.extend("a", []) == set()
    queue.release("a", [])
    assert queue.length() == 3


def test_a_message_says_all_that_was_put(rig: MemoryRig | RedisRig) -> None:
    message = Message(b"\0\xff", {"Grüße": "你好"}, rig.now() + 60)
    rig.queue.put([message])
    [(found, tries)] = rig.another().take("a", 1, 0)
    assert (found.body, found.headers, found.expires, tries) == (message.body, message.headers, message.expires, 1)
    assert found.id


def test_a_message_that_was_taken_stays_until_it_is_acknowledged(queue: ReliableQueue[DeadLetter]) -> None:
    first, second = queue.take("a", 2, 0)
    assert queue.length() == 3
    assert queue.acknowledge([first.id]) == 1
    assert queue.acknowledge([first.id, second.id, "1-1"]) == 1
    assert queue.length() == 1
    assert taken(queue, "b") == [b"3"]


def test_what_was_acknowledged_never_comes_again(rig: MemoryRig | RedisRig, queue: ReliableQueue[DeadLetter]) -> None:
    queue.acknowledge([delivery.id for delivery in queue.take("a", 3, 0)])
    rig.be_silent(3600)
    again = rig.another()
    assert taken(again, "b") == []
    assert again.claim("b", 10, 0) == []
    assert again.length() == 0


def test_what_nobody_holds_cannot_be_acknowledged_or_buried(queue: ReliableQueue[DeadLetter]) -> None:
    [delivery] = queue.take("a", 1, 0)
    queue.acknowledge([delivery.id])
    assert queue.acknowledge([delivery.id]) == 0
    assert not queue.bury(delivery.id, letter(delivery))


def test_messages_of_a_silent_reader_may_be_claimed_in_order(
    rig: MemoryRig | RedisRig, queue: ReliableQueue[DeadLetter]
) -> None:
    queue.take("dead", 2, 0)
    assert queue.claim("b", 10, 30) == []
    rig.be_silent(31)
    assert summary(queue.claim("b", 1, 30)) == [(b"1", 2)]
    assert summary(queue.claim("b", 10, 30)) == [(b"2", 2)]
    assert queue.claim("c", 10, 30) == []
    assert taken(queue, "c") == [b"3"]


def test_a_reader_that_says_it_works_is_not_silent(
    rig: MemoryRig | RedisRig, queue: ReliableQueue[DeadLetter]
) -> None:
    one, two = queue.take("a", 2, 0)
    rig.be_silent(20)
    assert queue.extend("a", [one.id, "1-1"]) == {one.id}
    rig.be_silent(20)
    assert summary(queue.claim("b", 10, 30)) == [(b"2", 2)]
    assert queue.extend("a", [one.id, two.id]) == {one.id}


def test_another_reader_cannot_extend_or_release_what_it_does_not_hold(
    rig: MemoryRig | RedisRig, queue: ReliableQueue[DeadLetter]
) -> None:
    [one] = queue.take("a", 1, 0)
    rig.be_silent(31)
    assert queue.extend("b", [one.id]) == set()
    queue.release("b", [one.id])
    assert summary(queue.claim("b", 1, 30)) == [(b"1", 2)]


def test_a_reader_that_begins_again_counts_one_more_try(queue: ReliableQueue[DeadLetter]) -> None:
    [one] = queue.take("a", 1, 0)
    tries = [queue.again("a", one.id) for _ in range(2)]
    assert [delivery and delivery.tries for delivery in tries] == [2, 3]
    assert summary(queue.claim("b", 1, 0)) == [(b"1", 4)]
    assert queue.again("a", one.id) is None


def test_a_reader_is_told_what_it_holds(queue: ReliableQueue[DeadLetter]) -> None:
    assert queue.held("a", 10) == []
    one, two = queue.take("a", 2, 0)
    queue.take("b", 1, 0)
    assert queue.held("a", 10) == [one.id, two.id]
    assert queue.held("a", 1) == [one.id]
    queue.acknowledge([one.id])
    assert queue.held("a", 10) == [two.id]


def test_what_was_released_may_be_claimed_at_once_and_the_try_does_not_count(
    queue: ReliableQueue[DeadLetter],
) -> None:
    [one] = queue.take("a", 1, 0)
    queue.release("a", [one.id])
    assert taken(queue, "b", 1) == [b"2"]
    assert summary(queue.claim("c", 10, 3600)) == [(b"1", 1)]
    assert queue.claim("c", 10, 3600) == []


def test_a_slow_reader_may_acknowledge_what_another_has_claimed(
    rig: MemoryRig | RedisRig, queue: ReliableQueue[DeadLetter]
) -> None:
    [one] = queue.take("slow", 1, 0)
    rig.be_silent(31)
    queue.claim("b", 1, 30)
    assert queue.acknowledge([one.id]) == 1
    assert queue.acknowledge([one.id]) == 0
    assert queue.again("b", one.id) is None
    assert not queue.bury(one.id, letter(one))
    assert rig.letters() == []


def test_what_cannot_be_done_becomes_a_dead_letter_once(
    rig: MemoryRig | RedisRig, queue: ReliableQueue[DeadLetter]
) -> None:
    [one] = queue.take("a", 1, 0)
    assert queue.bury(one.id, letter(one, "handler_failed"))
    assert not queue.bury(one.id, letter(one))
    assert rig.letters() == [("handler_failed", "a detail", b"1")]
    assert queue.length() == 2
    assert queue.claim("b", 10, 0) == []


def test_a_message_whose_time_is_over_is_a_dead_letter_and_no_delivery(rig: MemoryRig | RedisRig) -> None:
    queue = rig.queue
    queue.put([Message(b"%d" % n, expires=rig.now() + 10 if n < 3 else None) for n in range(5)])
    rig.now.pass_by(9)
    assert taken(queue, count=1) == [b"0"]
    rig.now.pass_by(1)
    assert taken(queue, count=1) == [b"3"]
    assert queue.expired == 2
    assert [(reason, body) for reason, _, body in rig.letters()] == [("expired", b"1"), ("expired", b"2")]
    assert queue.length() == 3
    assert taken(queue) == [b"4"]


@pytest.mark.parametrize("way", ["claim", "again"])
def test_what_expires_in_the_hands_of_a_reader_is_handed_to_nobody(rig: MemoryRig | RedisRig, way: str) -> None:
    rig.queue.put([Message(b"old", expires=rig.now() + 10), Message(b"young")])
    old, _ = rig.queue.take("a", 2, 0)
    rig.be_silent(31)
    if way == "again":
        assert rig.queue.again("a", old.id) is None
    assert summary(rig.queue.claim("b", 10, 30)) == [(b"young", 2)]
    assert [(reason, body) for reason, _, body in rig.letters()] == [("expired", b"old")]
    assert rig.queue.acknowledge([old.id]) == 0


def test_the_age_is_that_of_the_oldest_message(rig: MemoryRig | RedisRig, queue: ReliableQueue[DeadLetter]) -> None:
    young = queue.oldest_age()
    assert young is not None
    assert 0 <= young < 60
    queue.acknowledge([delivery.id for delivery in queue.take("a", 3, 0)])
    assert queue.oldest_age() == 0


def test_a_reader_holds_no_more_unacknowledged_messages_than_its_rule_says(queue: ReliableQueue[DeadLetter]) -> None:
    reader = Reader(queue, "a", rule=ReaderRule(most_held=2))
    one, two = reader.wait_for(9, 5.0)
    assert reader.wait_for(9, 0.05) == []
    assert reader.acknowledge([two.id]) == 1
    assert [delivery.body for delivery in reader.wait_for(9, 5.0)] == [b"3"]
    assert queue.held("a", 9)[0] == one.id


def test_a_reader_that_drains_takes_no_more_and_gives_back_what_it_would_try_again(
    queue: ReliableQueue[DeadLetter],
) -> None:
    reader, other = Reader(queue, "a"), Reader(queue, "b")
    one, two = reader.wait_for(2, 5.0)
    reader.retry(one.id, 60.0)
    reader.drain()
    assert reader.wait_for(9, 5.0) == []
    assert reader.acknowledge([two.id]) == 1
    found = other.wait_for(1, 5.0) + other.wait_for(1, 5.0)
    assert sorted(summary(found)) == [(b"1", 1), (b"3", 1)]


def test_tidying_forgets_nothing_that_somebody_holds(queue: ReliableQueue[DeadLetter]) -> None:
    [one] = queue.take("a", 1, 0)
    queue.tidy(0)
    assert queue.extend("a", [one.id]) == {one.id}
    queue.acknowledge([one.id])
    queue.tidy(0)
    assert taken(queue, "a", 1) == [b"2"]


def test_a_reader_with_a_lease_is_not_silent_but_for_what_it_gave_back(
    rig: MemoryRig | RedisRig, queue: ReliableQueue[DeadLetter]
) -> None:
    first, second = queue.take(f"{LEASED}a", 2, 0)
    taken(queue, "b", 1)
    rig.be_silent(3600)
    queue.release(f"{LEASED}a", [second.id])
    assert summary(queue.claim("c", 10, 30)) == [(b"2", 1), (b"3", 2)]
    assert queue.held(f"{LEASED}a", 10) == [first.id]


def test_messages_of_readers_that_are_gone_are_claimed_at_once(rig: MemoryRig | RedisRig) -> None:
    queue: GroupQueue[DeadLetter] = rig.queue
    assert queue.holding() == []
    put(queue, b"1", b"2", b"3")
    for reader in (f"{LEASED}a", "b", "c"):
        taken(queue, reader, 1)
    assert sorted(queue.holding()) == ["b", "c", f"{LEASED}a"]
    assert queue.claim_of("d", [], 10) == []
    assert summary(queue.claim_of("d", ["b", f"{LEASED}a", "unknown"], 1)) in ([(b"1", 2)], [(b"2", 2)])
    assert len(queue.claim_of("d", ["b", f"{LEASED}a"], 10)) == 1
    assert sorted(queue.holding()) == ["c", "d"]

"""Readers in programs of each kind, over a real Redis: nobody claims what a program works on."""

import asyncio
import logging
from collections.abc import Iterator

import gevent
import pytest

from tcelib.queue.error import QueueAwayError
from tcelib.queue.message import DeadLetter, Delivery, Message
from tcelib.queue.port import ReliableQueue
from tcelib.queue.reader import Reader, ReaderRule
from tcelib.queue.redis_stream import GROUP, redis_stream
from tcelib.queue.shell.async_reader import AsyncReader
from tcelib.queue.shell.hub_signs import HubSigns
from tcelib.queue.shell.thread_signs import ThreadSigns
from tcelib.redis.gevent_redis import gevent_client
from tests.tcelib.queue.rig import NAME, RedisRig, put
from tests.until import until

RULE = ReaderRule(claim_seconds=0.4)
LONG = 600.0


@pytest.fixture
def rig(redis_url: str) -> Iterator[RedisRig]:
    rig = RedisRig(redis_url)
    yield rig
    rig.close()


@pytest.fixture
def queue(rig: RedisRig) -> ReliableQueue[DeadLetter]:
    return rig.queue


def is_heard(rig: RedisRig) -> bool:
    """Return True if each message that is held has had a sign of life lately."""
    pending = rig.client.xpending_range(NAME, GROUP, "-", "+", 10)
    return all(each["time_since_delivered"] < LONG * 1000 for each in pending)


def test_a_program_of_threads_says_that_it_is_alive(rig: RedisRig, queue: ReliableQueue[DeadLetter]) -> None:
    put(queue, b"1")
    reader = Reader(queue, "a", rule=RULE)
    signs = ThreadSigns(reader)
    [delivery] = reader.wait_for(1, 5.0)
    for _ in range(2):
        rig.age(LONG)
        until(lambda: is_heard(rig), "it says that it is alive")
    signs.close()
    assert reader.acknowledge([delivery.id]) == 1


def test_without_signs_another_reader_claims(queue: ReliableQueue[DeadLetter]) -> None:
    put(queue, b"1")
    reader, other = Reader(queue, "a", rule=RULE), Reader(queue, "b", rule=RULE)
    assert len(reader.wait_for(1, 5.0)) == 1
    assert [delivery.tries for delivery in other.wait_for(1, 60.0)] == [2]


def test_signs_go_on_after_redis_was_away(
    queue: ReliableQueue[DeadLetter], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    def extend(reader: str, message_ids: object) -> set[str]:
        calls.append(reader)
        if len(calls) == 1:
            raise QueueAwayError("redis://", "reset")
        return set()

    monkeypatch.setattr(queue, "extend", extend)
    with caplog.at_level(logging.WARNING):
        signs = ThreadSigns(Reader(queue, "a", rule=RULE))
        until(lambda: len(calls) > 1, "it says it once more")
        signs.close()
    assert "! no sign of life of a: redis://: reset" in caplog.text


def test_a_program_of_a_hub_says_that_it_is_alive_and_its_greenlets_go_on(rig: RedisRig) -> None:
    queue = redis_stream(gevent_client(rig.url), NAME)
    put(queue, b"1")
    reader = Reader(queue, "a", rule=RULE, pause=gevent.sleep)
    other = Reader(queue, "b", pause=gevent.sleep)
    signs = HubSigns(reader)
    [delivery] = reader.wait_for(1, 5.0)
    rig.age(LONG)
    turns = 0
    while not is_heard(rig):
        gevent.sleep(0.001)
        turns += 1
    waiting = gevent.spawn(other.wait_for, 1, 0.5)
    while not waiting.ready():
        gevent.sleep(0.001)
        turns += 1
    assert waiting.get() == []
    assert turns > 20
    signs.close()
    assert reader.acknowledge([delivery.id]) == 1
    queue.close()


def test_a_program_of_a_loop_receives_and_its_tasks_go_on(queue: ReliableQueue[DeadLetter]) -> None:
    async def run() -> tuple[list[Delivery], int]:
        turns = 0
        found: list[Delivery] = []
        async with AsyncReader(Reader(queue, "a", rule=RULE)) as reader:
            waiting = asyncio.create_task(reader.receive(9, 5.0))
            while not waiting.done():
                await asyncio.sleep(0.001)
                turns += 1
                if turns == 20:
                    await asyncio.to_thread(put, queue, b"1", b"2", b"3", b"4")
            found += await waiting
            assert await reader.acknowledge([found[0].id]) == 1
            await reader.retry(found[1].id, 0.0)
            assert await reader.bury(found[2].id, DeadLetter(Message(b""), "bad", "", 0))
            async for delivery in reader:
                found.append(delivery)
                break
        return found, turns

    found, turns = asyncio.run(run())
    assert [delivery.body for delivery in found] == [b"1", b"2", b"3", b"4", b"2"]
    assert turns >= 20
    assert queue.length() == 2
    other = Reader(queue, "b")
    assert sorted(delivery.body for delivery in other.wait_for(9, 5.0)) == [b"2", b"4"], "it gave them back"


def test_a_program_of_a_loop_says_that_it_is_alive_while_the_loop_stands_still(
    rig: RedisRig, queue: ReliableQueue[DeadLetter]
) -> None:
    async def run() -> None:
        async with AsyncReader(Reader(queue, "a", rule=RULE)) as reader:
            [delivery] = await reader.receive(1, 5.0)
            rig.age(LONG)
            until(lambda: is_heard(rig), "it says that it is alive")
            assert await reader.acknowledge([delivery.id]) == 1

    put(queue, b"1")
    asyncio.run(run())

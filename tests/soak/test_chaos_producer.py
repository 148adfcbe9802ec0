"""The careful producer against a real Redis: what it says that it has sent is on the list, whatever happened."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import redis

from rtserver.base.queue.redis_queue import DEFAULT_NAME
from soak.chaos.child import Child, ChildError
from soak.chaos.notes import Note, Notes
from soak.chaos.numbered import Kind, Source
from soak.chaos.producer import Producer
from soak.chaos.proxy import End, Proxy
from soak.chaos.redis_node import RedisNode
from tests.until import until_async

SECONDS = 30.0
SOURCE = Source(Kind.EVERY)


class Sent:
    """A producer's report of its messages, and a way to wait for them."""

    def __init__(self) -> None:
        self.newest = 0
        self._changed = asyncio.Event()

    def __call__(self, source: str, number: int) -> None:
        assert source == SOURCE.name
        self.newest = number
        self._changed.set()

    async def reach(self, number: int) -> None:
        """Return when so many have been sent."""
        while self.newest < number:
            self._changed.clear()
            await self._changed.wait()


def listed(node: RedisNode) -> list[int]:
    """The numbers on the list."""
    with redis.Redis(port=node.port) as client:
        return [json.loads(raw)["id"] for raw in client.lrange(DEFAULT_NAME, 0, -1)]


def run(directory: Path, test: Callable[[RedisNode, Proxy, Producer, Sent], Awaitable[None]]) -> list[int]:
    """A producer before a proxy before a Redis; what is on the list when it has paused."""

    async def on_stage() -> list[int]:
        node, sent = RedisNode(directory, "always"), Sent()
        try:
            async with asyncio.timeout(SECONDS), Proxy(lambda: [node.port]) as proxy:
                await node.start()
                producer = Producer(SOURCE, proxy.port, 1000.0, sent, seed=1)
                task = asyncio.create_task(producer.run())
                producer.go()
                await test(node, proxy, producer, sent)
                await producer.pause()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            numbers = listed(node)
            assert numbers[-1] == sent.newest
            return numbers
        finally:
            node.child.end()

    return asyncio.run(on_stage())


def test_numbers_are_sent_once_and_in_order(tmp_path: Path) -> None:
    async def test(_node: RedisNode, _proxy: Proxy, producer: Producer, sent: Sent) -> None:
        await sent.reach(50)
        assert producer.failures == 0

    numbers = run(tmp_path, test)
    assert numbers == list(range(1, len(numbers) + 1))


def test_after_a_cut_the_same_numbers_are_sent_again_and_none_is_left_out(tmp_path: Path) -> None:
    async def test(_node: RedisNode, proxy: Proxy, producer: Producer, sent: Sent) -> None:
        while producer.failures < 5:
            await sent.reach(sent.newest + 1)
            proxy.cut(End.RST)

    numbers = run(tmp_path, test)
    assert list(dict.fromkeys(numbers)) == list(range(1, max(numbers) + 1))


def test_a_full_redis_is_asked_until_it_takes_the_message(tmp_path: Path) -> None:
    async def test(node: RedisNode, _proxy: Proxy, producer: Producer, sent: Sent) -> None:
        await sent.reach(5)
        await node.limit_memory(1)
        await until_async(lambda: producer.failures >= 3)
        await node.limit_memory(0)
        await sent.reach(sent.newest + 5)

    numbers = run(tmp_path, test)
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_redis_acknowledged_outlives_its_kill(tmp_path: Path) -> None:
    async def test(node: RedisNode, _proxy: Proxy, _producer: Producer, sent: Sent) -> None:
        for _ in range(2):
            await sent.reach(sent.newest + 20)
            await node.child.kill()
            await node.start()

    numbers = run(tmp_path, test)
    assert list(dict.fromkeys(numbers)) == list(range(1, max(numbers) + 1))


def test_a_frozen_redis_goes_on_with_what_it_held(tmp_path: Path) -> None:
    async def test(node: RedisNode, _proxy: Proxy, producer: Producer, sent: Sent) -> None:
        await sent.reach(5)
        node.freeze()
        known = producer.failures
        await until_async(lambda: producer.failures > known)
        node.thaw()
        await sent.reach(sent.newest + 5)

    numbers = run(tmp_path, test)
    assert list(dict.fromkeys(numbers)) == list(range(1, max(numbers) + 1))


def test_everything_in_redis_can_be_looked_at(tmp_path: Path) -> None:
    async def test(node: RedisNode, _proxy: Proxy, producer: Producer, sent: Sent) -> None:
        await sent.reach(1)
        await producer.pause()
        with redis.Redis(port=node.port) as client:
            client.xadd(f"{{{DEFAULT_NAME}}}:bus", {"raw": SOURCE.message(7)}, "5-1")
            client.set(f"{{{DEFAULT_NAME}}}:demo", 1)
        places = dict(node.places())
        assert places[f"{{{DEFAULT_NAME}}}:bus"] == [("5-1", SOURCE.message(7))]
        assert places[DEFAULT_NAME][0] == ("", SOURCE.message(1))
        assert f"{{{DEFAULT_NAME}}}:demo" not in places

    run(tmp_path, test)


def test_notes_are_read_while_they_are_written(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "notes")
    assert list(notes.read()) == []
    with notes.path.open("ab", buffering=0) as file:
        file.write(b"worker-1 17 every 1\nworker-2 18 on")
        assert list(notes.read()) == [Note("worker-1", 17, "every", 1)]
        file.write(b"ce 2\n")
    assert list(notes.read()) == [Note("worker-2", 18, "once", 2)]
    assert list(notes.read()) == []


def child(directory: Path, *command: str) -> Child:
    """A process with its output in a file."""
    return Child("the child", command, directory / "log", {})


def test_a_child_that_ends_by_itself_is_reported_with_its_last_words(tmp_path: Path) -> None:
    crashed = child(tmp_path, "/bin/sh", "-c", "echo it is too hot; exit 3")
    crashed.start()
    assert asyncio.run(crashed.wait(SECONDS)) == 3
    with pytest.raises(ChildError, match=r"(?s)the child has ended with 3.*it is too hot"):
        crashed.check_running()


def test_a_child_runs_once_at_a_time_and_is_never_left_behind(tmp_path: Path) -> None:
    sleeper = child(tmp_path, "/bin/sleep", "1000")
    sleeper.start()
    with pytest.raises(ChildError, match="runs already"):
        sleeper.start()
    sleeper.end()
    assert not sleeper.is_running
    sleeper.end()


def test_a_killed_child_can_be_started_again(tmp_path: Path) -> None:
    async def test() -> None:
        sleeper = child(tmp_path, "/bin/sleep", "1000")
        for _ in range(2):
            sleeper.start()
            await sleeper.kill()
        sleeper.start()
        assert await sleeper.terminate() == -15

    asyncio.run(test())

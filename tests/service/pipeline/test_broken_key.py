"""Keys that hold something else: who hears of them, and until when."""

import logging

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import QueueAwayError
from rtserver.service.pipeline.broken_key import BrokenKeys, detail_of


class OddQueue(MemoryQueue):
    """Says that ``names`` are broken."""

    names: list[str]

    def broken(self) -> list[str]:
        return self.names


@pytest.fixture
def queue() -> OddQueue:
    queue = OddQueue()
    queue.names = []
    return queue


@pytest.fixture
def keys(queue: OddQueue) -> BrokenKeys:
    return BrokenKeys(queue, lambda seconds: None)


def test_while_all_is_in_order_nobody_hears_anything(keys: BrokenKeys, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    keys.look()
    assert (keys.names, detail_of(keys.names), caplog.messages) == ((), "in order", [])


def test_a_broken_key_is_said_once_and_so_is_its_end(
    keys: BrokenKeys, queue: OddQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    queue.names = ["{q}:user:7"]
    keys.look()
    keys.look()
    assert detail_of(keys.names) == "cannot be read, and count as empty: {q}:user:7"
    queue.names = []
    keys.look()
    assert keys.names == ()
    [found, ended] = caplog.messages
    assert "{q}:user:7 holds something" in found
    assert "{q}:user:7 is in order again" in ended


def test_of_many_broken_keys_some_are_named(keys: BrokenKeys, queue: OddQueue) -> None:
    queue.names = [f"k{number}" for number in range(8)]
    keys.look()
    assert detail_of(keys.names).endswith("k0, k1, k2, k3, k4 and 3 more")


def test_others_may_tell_of_keys_that_the_queue_does_not_know(keys: BrokenKeys, queue: OddQueue) -> None:
    queue.names = ["{q}:user:7"]
    keys.sources.append(lambda: ["{q}:history:state:A:B"])
    keys.look()
    assert keys.names == ("{q}:user:7", "{q}:history:state:A:B")


def test_while_the_queue_is_away_the_names_stay(keys: BrokenKeys, queue: OddQueue) -> None:
    queue.names = ["{q}:user:7"]
    keys.look()

    def fail() -> list[str]:
        raise QueueAwayError("memory:", "away")

    keys.sources.append(fail)
    keys.look()
    assert keys.names == ("{q}:user:7",)

"""The backend of the benchmark: which list a message goes to."""

import json
from importlib import import_module
from pathlib import Path

import pytest

import bench.peers
from bench.peers.work import Order, Work
from rtserver.base.queue.shard import queue_of

QUEUES = ("bench", "bench:1")


class Clock:
    """Time that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def due(monkeypatch: pytest.MonkeyPatch, order: Order, queues: tuple[str, ...]) -> dict[str, list[str]]:
    """The messages of a tenth of a second."""
    monkeypatch.syspath_prepend(str(Path(bench.peers.__path__[0])))
    clock = Clock()
    work = Work(order, clock)
    clock.now += 0.04
    found: dict[str, list[str]] = import_module("redis_publisher").due(work, ["7"], queues)
    return found


def test_topics_go_to_the_queue_of_their_quote(monkeypatch: pytest.MonkeyPatch) -> None:
    found = due(monkeypatch, Order(rate=1000, topics=40), QUEUES)
    assert set(found) == set(QUEUES)
    assert sum(map(len, found.values())) >= 39
    for queue, messages in found.items():
        assert {queue_of(json.loads(message)["data"][0]["quote"], QUEUES) for message in messages} == {queue}


@pytest.mark.parametrize("order", [Order(rate=1000, everyone=True), Order(rate=1000, own=True)])
def test_messages_to_users_go_to_the_first_queue(monkeypatch: pytest.MonkeyPatch, order: Order) -> None:
    assert set(due(monkeypatch, order, QUEUES)) == {QUEUES[0]}


def test_nothing_due_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    assert due(monkeypatch, Order(), QUEUES) == {}

"""Messages that come again, from the list to the handlers: every worker handles one of them, whatever it is doing."""

import json
from typing import Any

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Named, Repeats
from rtserver.base.queue.signature import Signer
from rtserver.service.message import ServiceMessage, decode, encode, name_in
from rtserver.service.message_queue import ServiceMessageQueue
from tests.service.bus_model import ONCE, TYPES, Worker


def message(number: int, kind: str = "a", message_id: Any = "x", **more: Any) -> bytes:
    return encode(kind, "test", {"number": number, **more}, message_id)


class CountingQueue(MemoryQueue):
    """Counts how often it is asked for names."""

    binds = 0

    def bind(self, named: Any) -> Repeats:
        self.binds += 1
        return super().bind(named)


class World:
    """One queue and workers by name, which note what they handle."""

    def __init__(self) -> None:
        self.queue = CountingQueue()
        self.handled: dict[str, dict[str, list[int]]] = {}

    def worker(self, name: str) -> Worker:
        handled = self.handled.setdefault(name, {kind: [] for kind in (*TYPES, ONCE)})
        return Worker(name, self.queue, handled)

    def reasons(self) -> list[str]:
        return [letter.reason for letter in self.queue.dead_letters(START, 100)]


@pytest.fixture
def world() -> World:
    return World()


def test_each_of_several_workers_handles_one_of_two_copies_and_the_repeat_counts_once(world: World) -> None:
    one, two = world.worker("one"), world.worker("two")
    world.queue.put([message(1), message(2, message_id=None), message(3)])
    for worker in (one, two):
        worker.run_until_idle()
    assert [world.handled[name]["a"] for name in ("one", "two")] == [[1, 2]] * 2
    assert one.repeats.repeated + two.repeats.repeated == 1


def test_messages_without_an_id_ask_the_queue_for_nothing(world: World) -> None:
    worker = world.worker("one")
    world.queue.put([message(number, message_id=None) for number in range(10)])
    world.queue.put([b'{"type":"a","src":"test","data":{"number":10,"id":"x"}}'])
    worker.run_until_idle()
    assert world.handled["one"]["a"] == list(range(11))
    assert world.queue.binds == 0


def test_a_copy_that_comes_while_a_worker_is_away_is_a_repeat_for_it_as_well(world: World) -> None:
    away = world.worker("away")
    away.run_until_idle()
    present = world.worker("present")
    world.queue.put([message(1), message(2, message_id="y"), message(3)])
    present.run_until_idle()
    back = world.worker("away")
    back.run_until_idle()
    assert world.handled["away"]["a"] == world.handled["present"]["a"] == [1, 2]
    assert back.repeats.repeated == 0


def test_a_copy_is_known_after_a_restart(world: World) -> None:
    first = world.worker("one")
    world.queue.put([message(2)])
    first.run_until_idle()
    again = world.worker("one")
    world.queue.put([message(3)])
    again.run_until_idle()
    assert world.handled["one"]["a"] == [2]


def test_a_lane_that_is_behind_drops_repeats_as_well(world: World) -> None:
    worker = world.worker("one")
    world.queue.put([message(number, message_id=number // 2) for number in range(40)])
    for _ in range(10):
        worker.move()
        worker.read()
    assert any(lane.is_behind for lane in worker.lanes)
    worker.run_until_idle()
    assert world.handled["one"]["a"] == list(range(0, 40, 2))


def test_what_is_done_once_is_kept_once(world: World) -> None:
    workers = [world.worker(name) for name in ("one", "two")]
    world.queue.put([message(1, ONCE), message(2, ONCE)])
    for worker in workers:
        worker.run_until_idle()
    assert workers[0].work_left() == 1


def test_a_repeat_of_what_was_buried_is_dropped_and_the_letter_may_be_put_back(world: World) -> None:
    worker = world.worker("one")
    world.queue.put([message(1, fails=True), message(2)])
    worker.run_until_idle()
    assert world.reasons() == ["handler_failed"]
    assert world.handled["one"]["a"] == []
    world.queue.requeue(world.queue.dead_letters(START, 1)[0].id)
    worker.run_until_idle()
    assert world.reasons() == ["handler_failed"]  # it failed once more
    world.queue.put([message(3)])
    worker.run_until_idle()
    assert world.handled["one"]["a"] == []


def test_a_repeat_of_an_unknown_type_is_buried_once_whoever_looks_back(world: World) -> None:
    world.worker("one").run_until_idle()
    other = world.worker("two")
    world.queue.put([message(1, "nobody's"), message(2, "nobody's")])
    other.run_until_idle()
    world.worker("one").run_until_idle()
    assert world.reasons() == ["unknown_type"]


@pytest.mark.parametrize(
    "bad",
    [
        b'{"type":"a","src":"test","data":{"number":1},"id":"x"',
        b'{"type":"a","src":"test","data":"\xff","id":"x"}',
        b'{"type":"a","src":"test","data":1e999,"id":"x"}',
        b'{"type":"a","src":"test","id":"x"}',
    ],
)
def test_what_is_no_message_uses_up_no_id(world: World, bad: bytes) -> None:
    worker = world.worker("one")
    world.queue.put([bad, message(2)])
    worker.run_until_idle()
    assert world.handled["one"]["a"] == [2]
    assert len(world.reasons()) == 1


def test_a_name_is_that_of_the_envelope_and_of_its_signature() -> None:
    raw, other = message(1), message(2)
    signer = Signer("secret")
    signed = signer.sign(raw)
    names = [name_in(raw, decode(raw)), name_in(other, decode(other)), name_in(signed, decode(signed, signer))]
    assert names[0] == names[1] != names[2]


def test_the_id_is_not_looked_at_before_it_is_needed() -> None:
    deep = b'{"type":"a","src":"me","data":1,"id":{"any":[1e999]}}'
    assert decode(deep) == ServiceMessage("a", "me", decode(deep).data, decode(deep).id)
    assert name_in(deep, decode(deep)) is None
    assert not decode(message(1, message_id=None)).id


def test_whoever_reads_the_queue_without_a_server_gets_no_repeats_either() -> None:
    bus = MemoryQueue()
    queue = ServiceMessageQueue(bus)
    for number in (1, 2):
        queue.put("a", "me", number, id="x")
    queue.put("a", "me", 3)
    assert [json.loads(bytes(one.data)) for one in queue.get()] == [1, 3]
    assert bus.bind([Named("99999999999999-9", b"other")]).ids == frozenset()

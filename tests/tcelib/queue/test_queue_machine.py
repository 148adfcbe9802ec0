"""Readers of a queue in Redis and of its twin, in lockstep: whatever happens, they see the same.

Steps in any order: messages are put, some of which expire; three readers take, claim, begin again, extend, release,
acknowledge and bury; time passes and readers are silent. Each step is done to both, and both must answer alike. In
the end every message was acknowledged once, or is a dead letter, or is still there.
"""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tcelib.queue.message import DeadLetter, Delivery, Message
from tests.tcelib.queue.rig import MemoryRig, RedisRig

READERS = st.sampled_from("abc")
COUNTS = st.integers(1, 4)
SILENCE = 30.0
PLACES = st.lists(st.integers(0, 20), max_size=4, unique=True)


class QueueMachine(RuleBasedStateMachine):
    """``names`` has the body of each id, ``seen`` the messages that were ever delivered, in order."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        memory = MemoryRig()
        self.rigs: tuple[MemoryRig, RedisRig] = (memory, RedisRig(self.url, memory.now))
        self.rigs[1].client.flushdb()
        self.count = self.acknowledged = 0
        self.ids: tuple[dict[bytes, str], dict[bytes, str]] = ({}, {})
        self.messages: list[bytes] = []

    def both(self, name: str, *arguments: object) -> Sequence[object]:
        return [getattr(rig.queue, name)(*arguments) for rig in self.rigs]

    def chosen(self, places: Iterable[int]) -> list[bytes]:
        return [self.messages[place] for place in places if place < len(self.messages)]

    def delivered(self, memory: Sequence[Delivery], stream: Sequence[Delivery]) -> None:
        assert [(each.body, each.tries) for each in memory] == [(each.body, each.tries) for each in stream]
        for ids, deliveries in zip(self.ids, (memory, stream), strict=True):
            ids.update((each.body, each.id) for each in deliveries)
        self.messages += [each.body for each in memory if each.body not in self.messages]

    def of_both(self, bodies: Iterable[bytes]) -> list[list[str]]:
        return [[ids[body] for body in bodies] for ids in self.ids]

    @rule(lives=st.lists(st.sampled_from([None, None, 10, 50]), min_size=1, max_size=5))
    def put(self, lives: list[int | None]) -> None:
        messages = []
        for life in lives:
            self.count += 1
            expires = None if life is None else self.rigs[0].now() + life
            messages.append(Message(b"%d" % self.count, expires=expires))
        self.both("put", messages)

    @rule(reader=READERS, count=COUNTS)
    def take(self, reader: str, count: int) -> None:
        self.delivered(*self.both("take", reader, count, 0))  # type: ignore[arg-type]

    @rule(reader=READERS, count=COUNTS)
    def claim(self, reader: str, count: int) -> None:
        self.delivered(*self.both("claim", reader, count, SILENCE))  # type: ignore[arg-type]

    @rule(reader=READERS, place=st.integers(0, 20))
    def again(self, reader: str, place: int) -> None:
        for body in self.chosen([place]):
            ids = self.of_both([body])
            found = [rig.queue.again(reader, each[0]) for rig, each in zip(self.rigs, ids, strict=True)]
            self.delivered(*([] if each is None else [each] for each in found))

    @rule(reader=READERS, places=PLACES)
    def extend(self, reader: str, places: list[int]) -> None:
        bodies = self.chosen(places)
        found = [
            {body for body, each in zip(bodies, ids, strict=True) if each in rig.queue.extend(reader, ids)}
            for rig, ids in zip(self.rigs, self.of_both(bodies), strict=True)
        ]
        assert found[0] == found[1]

    @rule(reader=READERS, places=PLACES)
    def release(self, reader: str, places: list[int]) -> None:
        for rig, ids in zip(self.rigs, self.of_both(self.chosen(places)), strict=True):
            rig.queue.release(reader, ids)

    @rule(places=PLACES)
    def acknowledge(self, places: list[int]) -> None:
        ids = self.of_both(self.chosen(places))
        counts = [rig.queue.acknowledge(each) for rig, each in zip(self.rigs, ids, strict=True)]
        assert counts[0] == counts[1]
        self.acknowledged += counts[0]

    @rule(place=st.integers(0, 20))
    def bury(self, place: int) -> None:
        for body in self.chosen([place]):
            letter = DeadLetter(Message(body), "bad", "", 0)
            ids = self.of_both([body])
            found = [rig.queue.bury(each[0], letter) for rig, each in zip(self.rigs, ids, strict=True)]
            assert found[0] == found[1]

    @rule(seconds=st.sampled_from([5.0, 31.0]))
    def be_silent(self, seconds: float) -> None:
        self.rigs[0].be_silent(seconds)
        self.rigs[1].age(seconds)  # the clock is the same

    @invariant()
    def they_hold_the_same(self) -> None:
        memory, stream = self.rigs
        assert memory.queue.length() == stream.queue.length()
        assert memory.letters() == stream.letters()
        assert memory.queue.expired == stream.queue.expired
        assert self.count == self.acknowledged + len(memory.letters()) + memory.queue.length()

    def teardown(self) -> None:
        for rig in self.rigs:
            rig.close()


@pytest.fixture
def machine(redis_url: str) -> type[QueueMachine]:
    return type("Machine", (QueueMachine,), {"url": redis_url})


def test_the_twin_in_memory_and_redis_answer_alike(machine: type[QueueMachine]) -> None:
    limits = settings(max_examples=60, stateful_step_count=40, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=limits)

"""From the list to the handlers, whatever comes in between: two workers that share a list and a bus, and die.

Steps in any order: producers put, one of the workers takes in, reads, lets a lane work, buries, saves its positions,
or dies and is started again under its name, perhaps with a piece in hand of what one of all does; commands fail
before they were done, or afterwards; the bus is trimmed before everybody has read it; producers send again what they
have sent under an id. In the end every worker has handled every message at least once and in order, one of them has
done what is to be done once, what could not be handled is in the dead stream, and what is missing has been counted.
Once in memory, once with a real Redis.
"""

import json
import logging
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.base.queue.work import WorkQueue
from tests.service.bus_model import CLAIM_SECONDS, ONCE, TYPES, Worker

NAMES = st.sampled_from(["one", "two"])
KINDS = st.sampled_from(["a", "a", "a", "b", "b", ONCE, ONCE, "failing", "failing once", "no json", "no handler"])
EVERY_TYPE = (*TYPES, ONCE)
MOST_LETTERS = 10_000


class BusMachine(RuleBasedStateMachine):
    """``put`` has the numbers of each type that should be handled, ``doomed`` the bytes that cannot be."""

    claim_seconds: float

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.queue = self.make_queue()
        self.handled: dict[str, dict[str, list[int]]] = {
            name: {kind: [] for kind in EVERY_TYPE} for name in ("one", "two")
        }
        self.lives: dict[str, dict[str, list[int]]] = {name: {kind: [] for kind in TYPES} for name in ("one", "two")}
        self.put_numbers: dict[str, list[int]] = {kind: [] for kind in EVERY_TYPE}
        self.is_once_disturbed = False
        self.doomed: list[bytes] = []
        self.named: list[bytes] = []
        self.lost = {"one": 0, "two": 0}
        self.is_trimmed = False
        self.workers = {name: self.start(name) for name in ("one", "two")}

    def make_queue(self) -> WorkQueue:
        """An empty one."""
        raise NotImplementedError

    def trim_bus(self, length: int) -> None:
        """Let the bus have so many entries at most."""
        raise NotImplementedError

    def start(self, name: str) -> Worker:
        for kind in TYPES:
            self.lives[name][kind].append(len(self.handled[name][kind]))
        return Worker(name, self.queue, self.handled[name], now=lambda: self.now, claim_seconds=self.claim_seconds)

    @rule(kinds=st.lists(KINDS, min_size=1, max_size=12))
    def put(self, kinds: list[str]) -> None:
        raws = []
        for kind in kinds:
            if kind in EVERY_TYPE:
                self.put_numbers[kind].append(len(self.put_numbers[kind]))
                raws.append(message(kind, self.put_numbers[kind][-1]))
            else:
                self.doomed.append(self.doomed_message(kind))
                raws.append(self.doomed[-1])
        self.named += [raw for raw in raws if b'"id": "' in raw]
        self.queue.put(raws)

    def doomed_message(self, kind: str) -> bytes:
        number = len(self.doomed)
        if kind == "failing":
            return message("a", number, fails=True)
        if kind == "failing once":
            return message(ONCE, number, fails=True)
        return message("nobody's", number) if kind == "no handler" else b"{%d" % number

    @precondition(lambda self: self.named)
    @rule(place=st.integers(0, 1_000))
    def put_again(self, place: int) -> None:
        """A producer that had no answer: everything with an id may come again, and has no further effect."""
        self.queue.put([self.named[place % len(self.named)]])

    @rule(name=NAMES)
    def take_in(self, name: str) -> None:
        self.workers[name].move()

    @rule(name=NAMES)
    def read(self, name: str) -> None:
        self.workers[name].read()

    @rule(name=NAMES)
    def rest(self, name: str) -> None:
        """Its intakes bring all that it reads from now on."""
        self.workers[name].reader.rest()

    @precondition(lambda self: any(worker.reader.is_resting for worker in self.workers.values()))
    @rule()
    def look_for_company(self) -> None:
        for worker in self.workers.values():
            if worker.reader.is_resting:
                worker.reader.look_for_company()

    @rule(name=NAMES, lane=st.integers(0, len(EVERY_TYPE) - 1))
    def work(self, name: str, lane: int) -> None:
        self.workers[name].work(lane)

    @rule(name=NAMES)
    def do_what_is_done_once(self, name: str) -> None:
        self.workers[name].do_once()

    @rule(name=NAMES)
    def die_with_a_piece_in_hand(self, name: str) -> None:
        self.workers[name].once.next()
        self.die_and_come_back(name)

    @rule(seconds=st.sampled_from([1.0, CLAIM_SECONDS + 1]))
    def wait(self, seconds: float) -> None:
        self.is_once_disturbed = True
        self.now += seconds

    @rule(name=NAMES)
    def bury(self, name: str) -> None:
        self.workers[name].bury()

    @rule(name=NAMES)
    def commit_offsets(self, name: str) -> None:
        self.workers[name].offsets.commit()
        self.workers[name].offsets.report()

    @rule(name=NAMES, fault=st.sampled_from(["before", "after"]))
    def break_the_next_command(self, name: str, fault: str) -> None:
        """One that adds something may have done it, and does it again."""
        self.workers[name].queue.fault = fault

    @rule(name=NAMES)
    def die_and_come_back(self, name: str) -> None:
        self.is_once_disturbed = True
        self.lost[name] += self.workers[name].lost
        self.workers[name] = self.start(name)

    @precondition(lambda self: sum(map(len, self.put_numbers.values())) > 10)
    @rule(length=st.integers(0, 8))
    def trim(self, length: int) -> None:
        self.is_trimmed = True
        self.trim_bus(length)

    def teardown(self) -> None:
        """Everything is worked off, and then looked at."""
        for worker in self.workers.values():
            worker.queue.fault = ""
        for worker in (*self.workers.values(), *self.workers.values()):
            worker.run_until_idle()
        self.do_all_that_is_done_once()
        for name, worker in self.workers.items():
            self.lost[name] += worker.lost
            for kind in TYPES:
                self.check_lane(name, kind)
            self.check_rest(name)
        self.check_dead_letters()
        self.check_once()

    def do_all_that_is_done_once(self) -> None:
        for _ in range(1_000):
            if not self.workers["one"].work_left():
                return
            self.now += CLAIM_SECONDS + 1
            # A worker looks for what a dead one left, and only then for what is new.
            for worker in (*self.workers.values(), *self.workers.values()):
                worker.do_once()
        raise AssertionError("what is to be done once never ends")

    def check_once(self) -> None:
        handled = [number for name in self.handled for number in self.handled[name][ONCE]]
        letters = {letter.raw for letter in self.queue.dead_letters(START, MOST_LETTERS)}
        given_up = {number for number in self.put_numbers[ONCE] if message(ONCE, number) in letters}
        missing = set(self.put_numbers[ONCE]) - set(handled) - given_up
        assert len(missing) <= min(self.lost.values()), "something to be done once was not done"
        if not self.is_once_disturbed:
            assert len(set(handled)) == len(handled), "something was done twice"
            assert not given_up

    def check_lane(self, name: str, kind: str) -> None:
        handled = self.handled[name][kind]
        starts = [*self.lives[name][kind], len(handled)]
        furthest = -1
        for start, end in pairwise(starts):
            life = handled[start:end]
            assert len(life) == len(set(life)), "doubled within a life"
            # Where the first of two copies was trimmed unread, the second has its turn.
            assert self.is_trimmed or life == sorted(life), "out of order"
            assert self.is_trimmed or not life or life[0] <= furthest + 1, "something was left out at a start"
            furthest = max([furthest, *life])
        missing = set(self.put_numbers[kind]) - set(handled)
        assert len(missing) <= self.lost[name], "a loss that nobody has counted"

    def check_rest(self, name: str) -> None:
        assert self.is_trimmed or self.lost[name] == 0, "a loss that is none"
        was_alone = len(self.lives[name][TYPES[0]]) == 1
        for kind in TYPES:
            if was_alone and not self.is_trimmed:
                assert self.handled[name][kind] == self.put_numbers[kind], "without a crash, exactly once"

    def check_dead_letters(self) -> None:
        raws = [letter.raw for letter in self.queue.dead_letters(START, MOST_LETTERS)]
        letters = set(raws)
        assert len(raws) == len(letters), "a message was buried twice"
        assert letters <= {*self.doomed, *(message(ONCE, number) for number in self.put_numbers[ONCE])}
        missing = set(self.doomed) - letters
        assert len(missing) <= min(self.lost.values()), "a message that could not be handled is nowhere"


def message(kind: str, number: int, fails: bool = False) -> bytes:
    """Two of three have an id, which is the same each time."""
    envelope = {"type": kind, "src": "machine", "data": {"number": number, "fails": fails, "id": 7}}
    return json.dumps(envelope | ({"id": f"{kind} {number} {fails}"} if number % 3 else {})).encode()


class TrimmedQueue(MemoryQueue):
    """A bus in memory that can be trimmed."""

    def trim(self, length: int) -> None:
        """As Redis does it for XTRIM."""
        while len(self._bus) > max(1, length):
            self._bus.popleft()


class MemoryBusMachine(BusMachine):
    """The twin."""

    claim_seconds = CLAIM_SECONDS

    def make_queue(self) -> WorkQueue:
        self.memory = TrimmedQueue(batch=5, bus_length=1_000, now=lambda: self.now)
        return self.memory

    def trim_bus(self, length: int) -> None:
        self.memory.trim(length)


@pytest.fixture(autouse=True)
def _without_a_log() -> Iterator[None]:
    """Silence the log: losses and rejections are so many here that writing them takes most of the time."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_whatever_happens_in_memory_is_handled_in_order_or_counted() -> None:
    run_state_machine_as_test(MemoryBusMachine, settings=settings(max_examples=settings().max_examples // 2))


def test_the_same_with_a_real_redis(redis_url: str) -> None:
    client = plain_client(redis_url)

    class RedisBusMachine(BusMachine):
        claim_seconds = 0.01  # Redis has a clock of its own, which nobody moves

        def make_queue(self) -> WorkQueue:
            client.call("FLUSHALL")
            return RedisQueue(client, batch=5)

        def trim_bus(self, length: int) -> None:
            # The last entry stays, as the product's own trimming leaves it: the numbers go on from it.
            client.call("XTRIM", "{queue:rtserver}:bus", "MAXLEN", max(1, length))

    few = settings(max_examples=settings().max_examples // 10, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(RedisBusMachine, settings=few)
    client.close()


@pytest.mark.parametrize("fault", ["before", "after"])
def test_the_harness_s_faults_are_of_both_kinds(fault: str) -> None:
    queue = MemoryQueue()
    worker = Worker("one", queue, {kind: [] for kind in EVERY_TYPE})
    queue.put([message("a", 0)])
    worker.queue.fault = fault
    worker.move()
    assert (worker.intake.moved, queue.newest_id() != START) == (1 if fault == "before" else 0, True)

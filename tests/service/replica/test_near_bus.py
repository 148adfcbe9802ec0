"""A reader whose bus is a replica's gets, whatever the replicas do, each entry once and in order."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.memory_replica import MemoryPulse, MemoryReplica
from rtserver.base.queue.port import START, Entry, QueueAwayError, just_before
from rtserver.base.queue.replica_port import Glimpse
from rtserver.bootstrap.probes import near_reading
from rtserver.service.message import encode
from rtserver.service.pipeline.bus_reader import BusReader
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.dispatcher import ServiceMessageDispatcher
from rtserver.service.pipeline.lane import Lane
from rtserver.service.queue_link import QueueLink
from rtserver.service.replica.near_bus import LACKS, NearBus
from rtserver.service.replica.replica_choice import FOREIGN, LATE_SECONDS, RETURN_SECONDS, ReplicaChoice
from rtserver.service.replica.replica_watch import PulseSource, ReplicaProbe, ReplicaWatch
from rtserver.service.wait import nothing
from tests.service_fakes import Recorder


class CountingQueue(MemoryQueue):
    """Counts the reads at the primary, and never waits."""

    reads = 0

    def read(self, after: str, count: int, timeout: float) -> list[Entry]:
        self.reads += 1
        return super().read(after, count, 0)

    def range(self, after: str, until: str, count: int) -> list[Entry]:
        self.reads += 1
        return super().range(after, until, count)


class Play:
    """A worker's reader, replicas in memory, and the loops of the watch, one turn at a time."""

    def __init__(self, replicas: int = 1) -> None:
        self.now = 0.0
        self.queue, self.pulses = CountingQueue(now=lambda: self.now), MemoryPulse()
        self.replicas = [MemoryReplica(self.queue, self.pulses, f"memory:{n}") for n in range(replicas)]
        self.choice = ReplicaChoice(replicas, "life")
        self.bus = NearBus(self.queue, self.replicas, self.choice, now=lambda: self.now)
        loop: dict[str, Any] = {"pause": lambda _seconds: None, "now": lambda: self.now}
        self.source = PulseSource(self.choice, self.pulses, **loop)
        self.probes = [
            ReplicaProbe(self.choice, place, replica, self.pulses, **loop)
            for place, replica in enumerate(self.replicas)
        ]
        self.watch = ReplicaWatch(self.bus, pause=loop["pause"])
        self.handler = Recorder()
        self.lane = Lane(self.handler, DeadLetters())
        dispatcher = ServiceMessageDispatcher([self.lane], DeadLetters())
        self.link = link = QueueLink(lambda _seconds: None)
        self.reader = BusReader(
            self.queue,
            link,
            dispatcher,
            must_hold=lambda: False,
            pause=lambda _seconds: None,
            count=3,
            worker="one",
            near=self.bus,
        )
        self.reader.locate()
        self.sent = 0

    def put(self, count: int = 1) -> None:
        numbers = range(self.sent, self.sent + count)
        self.queue.put([encode("number", "test", number) for number in numbers])
        self.sent += count
        while self.queue.waiting():
            self.queue.intake(0)

    def tick(self, seconds: float = 0.5) -> None:
        """A pulse, and a look at everybody."""
        self.now += seconds
        self.source.beat()
        for probe in self.probes:
            probe.ask()
        self.bus.look()

    def sync(self) -> None:
        for replica in self.replicas:
            replica.sync()

    def settle(self, seconds: float = RETURN_SECONDS + 1) -> None:
        """Ticks until a replica is trusted that is well."""
        for _ in range(round(seconds / 0.5)):
            self.tick()
            self.sync()

    def numbers(self) -> list[int]:
        while len(self.lane):
            self.lane.work()
        return self.handler.numbers

    def read_all(self) -> list[int]:
        for _ in range(10):
            self.reader.read()
        return self.numbers()


def test_entries_are_read_at_the_replica_alone() -> None:
    play = Play()
    play.settle()
    play.put(5)
    play.sync()
    play.queue.reads = 0
    play.reader.read()
    play.reader.read()
    assert play.numbers() == [0, 1, 2, 3, 4]
    assert play.queue.reads == 0
    assert play.bus.address == "memory:0"


def test_a_reader_at_a_replica_never_rests() -> None:
    play = Play()
    assert not play.reader.rest()
    assert play.reader.ask() is None


def test_a_replica_that_lags_loses_nothing() -> None:
    play = Play()
    play.settle()
    play.put(4)
    assert play.read_all() == []
    assert play.reader.lost == 0
    play.replicas[0].sync(2)
    assert play.read_all() == [0, 1]
    play.sync()
    assert play.read_all() == [0, 1, 2, 3]
    assert play.reader.lost == 0


def test_a_cut_replica_is_left_for_the_primary_and_taken_again(caplog: pytest.LogCaptureFixture) -> None:
    play = Play()
    play.settle()
    play.put(2)
    play.sync()
    assert play.read_all() == [0, 1]
    play.replicas[0].is_linked = False
    play.put(2)
    begun = play.now
    while play.choice.current is not None:
        play.tick()
    assert play.now - begun < 4.0
    assert play.read_all() == [0, 1, 2, 3]
    assert play.bus.detail.startswith("memory:, the primary; not memory:0: nothing has come through it for")
    assert play.bus.detail.endswith(": it has no connection to its primary, memory:primary")
    assert play.replicas[0].closed == 1, "a read that waits there would wait for nothing"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    play.replicas[0].is_linked = True
    play.put(2)
    play.settle()
    assert play.bus.address == "memory:0"
    assert play.read_all() == [0, 1, 2, 3, 4, 5]
    assert play.reader.lost == 0
    assert play.bus.detail == "memory:0, 0.0 s behind"


def test_a_replica_that_is_away_costs_the_reader_nothing() -> None:
    play = Play(2)
    play.settle()
    play.put(2)
    play.sync()
    play.replicas[0].is_away = True
    assert play.read_all() == [0, 1]
    assert play.bus.address == "memory:1"
    play.replicas[1].is_away = True
    play.put(1)
    assert play.read_all() == [0, 1, 2]
    assert play.bus.address == "memory:"


def test_a_range_is_the_replicas_only_if_nothing_is_missing_from_it() -> None:
    play = Play()
    play.settle()
    play.put(6)
    play.replicas[0].sync(4)
    entries = play.queue.range(START, "9999999999999-9", 10)
    play.queue.reads = 0
    assert play.bus.range(START, entries[3].id, 10) == entries[:4]
    assert play.bus.range(entries[0].id, entries[5].id, 2) == entries[1:3]
    assert play.queue.reads == 0
    assert play.bus.range(entries[0].id, entries[5].id, 10) == entries[1:]
    assert play.bus.range(just_before(just_before(entries[2].id)), entries[5].id, 10) == entries[1:]
    assert play.queue.reads == 2


def test_a_replica_that_takes_the_data_of_another_primary_brings_nothing_of_them() -> None:
    play = Play()
    play.settle()
    play.put(2)
    play.sync()
    assert play.read_all() == [0, 1]
    milliseconds = play.queue.newest_id().partition("-")[0]
    wrong = encode("number", "test", 99)
    play.replicas[0].replace([Entry(f"{milliseconds}-{number}", wrong) for number in (3, 4)])
    assert play.read_all() == [0, 1]
    assert play.choice.reason(0, play.now) == FOREIGN
    play.tick()
    assert play.choice.reason(0, play.now).endswith("it follows another primary, memory:primary")
    play.put(1)
    assert play.read_all() == [0, 1, 2]


def test_a_replica_of_another_primary_is_never_read(caplog: pytest.LogCaptureFixture) -> None:
    play = Play()
    play.replicas[0].replace([Entry("1-1", encode("number", "test", 99))])
    play.replicas[0].is_linked = True
    play.put(1)
    for _ in range(20):
        play.tick()
    assert play.read_all() == [0]
    assert play.bus.detail == "memory:, the primary; not memory:0: it follows another primary, memory:primary"
    told = "! the bus is not read at memory:0: it follows another primary, memory:primary"
    assert [record.getMessage() for record in caplog.records] == [told]


def test_a_gap_that_a_replica_shows_is_looked_for_at_the_primary() -> None:
    play = Play()
    play.settle()
    play.put(4)
    play.sync()
    del play.replicas[0].entries[:2]
    assert play.read_all() == [0, 1, 2, 3]
    assert play.reader.lost == 0


def test_a_gap_that_the_primary_has_as_well_is_counted_once() -> None:
    play = Play()
    play.settle()
    play.put(6)
    play.sync()
    lost = [play.queue._bus.popleft() for _ in range(2)]
    del play.replicas[0].entries[:2]
    assert play.read_all() == [2, 3, 4, 5]
    assert play.reader.lost == len(lost)


def test_entries_that_the_primary_never_had_are_not_read() -> None:
    play = Play()
    play.settle()
    play.put(1)
    play.sync()
    play.read_all()
    milliseconds = play.queue.newest_id().partition("-")[0]
    play.replicas[0].entries.append(Entry(f"{milliseconds}-7", encode("number", "test", 99)))
    assert play.read_all() == [0]
    assert play.choice.current is None
    assert play.reader.lost == 0


def test_a_replica_whose_bus_lacks_what_came_before_its_pulse_is_left() -> None:
    play = Play()
    play.settle()
    play.put(2)
    play.sync()
    play.replicas[0].entries.clear()
    play.reader.read()
    play.settle(1)
    play.replicas[0].entries.clear()
    play.reader.read()
    assert play.choice.reason(0, play.now) == LACKS
    assert play.read_all() == [0, 1]


def test_a_replica_that_lags_behind_its_own_pulse_by_less_than_a_read_is_not_blamed() -> None:
    play = Play()
    play.settle()
    replica, queue = play.replicas[0], play.queue

    class Late(MemoryReplica):
        """Entries and pulse come through between the two commands of a read."""

        def range(self, after: str, until: str, count: int) -> Glimpse:
            entries = super().range(after, until, count).entries
            play.tick(0.1)
            replica.sync()
            return Glimpse(entries, replica.pulse())

    replica.__class__ = Late
    play.put(1)
    play.reader.read()
    play.reader.read()
    assert play.choice.current == 0
    assert play.read_all() == [0]
    assert queue.newest_id() == play.reader.position


def test_the_numbers_say_where_the_bus_is_read_and_how_far_each_replica_is_behind() -> None:
    play = Play(2)
    play.settle()
    assert play.bus.read_at() == {"memory:": 0.0, "memory:0": 1.0, "memory:1": 0.0}
    play.replicas[1].is_linked = False
    play.settle(5)
    assert play.bus.behind()["memory:0"] == 0.0
    assert play.bus.behind()["memory:1"] == pytest.approx(4.5, abs=0.6)
    moves = play.bus.moves
    play.replicas[0].is_away = True
    play.reader.read()
    assert play.bus.moves == moves + 1
    assert near_reading({"q": play.bus}).detail == play.bus.detail
    assert near_reading({"q": play.bus, "r": play.bus}).detail == f"q: {play.bus.detail}; r: {play.bus.detail}"


def test_only_the_primarys_errors_are_raised() -> None:
    play = Play()
    play.settle()
    play.replicas[0].is_away = True

    def fail(*_: object) -> list[Entry]:
        raise QueueAwayError("memory:", "away")

    play.queue.read = fail  # type: ignore[method-assign]
    with pytest.raises(QueueAwayError, match="memory:: away"):
        play.bus.read(START, 1, 0)


def test_an_answer_of_a_replica_is_no_sign_of_the_primary() -> None:
    play = Play()
    play.settle()
    play.put(1)
    play.sync()
    play.link.is_connected = False
    play.reader.read()
    assert play.numbers() == [0]
    assert not play.link.is_connected
    play.reader.read()
    assert play.link.is_connected, "nothing came, and the primary has said that there is nothing"


def test_at_the_end_the_primary_is_read_and_what_waits_at_replicas_ends() -> None:
    play = Play()
    play.settle()
    play.put(3)
    play.watch.stop()
    assert play.replicas[0].closed == 1
    assert play.read_all() == [0, 1, 2]
    assert play.bus.address == "memory:"


def test_the_loops_end_when_they_are_told_to() -> None:
    play = Play()
    for loop in (play.source, *play.probes, play.watch):
        loop.stop()
        loop.run()
    assert play.pulses.text == ""


def test_a_pulse_that_the_primary_does_not_take_does_not_count() -> None:
    play = Play()
    play.settle()
    play.pulses.is_away = True
    for _ in range(20):
        play.tick()
    assert play.choice.current == 0
    play.replicas[0].is_linked = False
    for _ in range(20):
        play.tick()
    assert play.choice.current == 0, "nobody knows whether it is cut off, and there is nothing better"


STEPS: dict[str, Callable[[Play, int], object]] = {
    "put": lambda play, n: play.put(n + 1),
    "read": lambda play, n: play.reader.read(),
    "sync one": lambda play, n: play.replicas[n % 2].sync(n + 1),
    "sync": lambda play, n: play.sync(),
    "tick": lambda play, n: play.tick(0.4 * (n + 1)),
    "cut": lambda play, n: setattr(play.replicas[n % 2], "is_linked", False),
    "mend": lambda play, n: setattr(play.replicas[n % 2], "is_linked", True),
    "away": lambda play, n: setattr(play.replicas[n % 2], "is_away", True),
    "back": lambda play, n: setattr(play.replicas[n % 2], "is_away", False),
    "primary away": lambda play, n: setattr(play.pulses, "is_away", True),
    "primary back": lambda play, n: setattr(play.pulses, "is_away", False),
    "long": lambda play, n: [nothing() or play.tick(LATE_SECONDS) for _ in range(8)],
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 3)), max_size=60))
def test_whatever_happens_to_two_replicas_a_reader_gets_all_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    play = Play(2)
    play.settle()
    for name, number in steps:
        STEPS[name](play, number)
        assert play.numbers() == list(range(len(play.numbers())))
    play.pulses.is_away = False
    for replica in play.replicas:
        replica.is_linked, replica.is_away = True, False
    play.settle()
    for _ in range(play.sent):
        play.reader.read()
    assert play.numbers() == list(range(play.sent))
    assert play.reader.lost == 0

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.failure.containment import StopRequest
from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import Suspect
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Entry, QueueAwayError, just_before, number_of, order_of
from rtserver.base.queue.signature import Signer
from rtserver.service.message import BadData, decode, encode
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.lane import Lane
from tests.service_fakes import Recorder, ReplayingRecorder


class Bus:
    """A bus with a reader that offers each entry to one lane, as the dispatcher does."""

    def __init__(self, lane: Lane, length: int = 100_000) -> None:
        self.lane = lane
        self.queue = MemoryQueue(bus_length=length)
        self.position = START
        self.count = 0

    def bring(self, count: int, msg_type: str = "number") -> None:
        """The next ``count`` messages, numbered on."""
        self.bring_raw(*(encode(msg_type, "test", number) for number in range(self.count, self.count + count)))
        self.count += count

    def bring_raw(self, *raws: bytes) -> None:
        """Messages as they are sent."""
        self.queue.put(raws)
        while self.queue.intake(0).messages:
            pass
        for entry in self.queue.read(self.position, len(raws), 0):
            message = decode(entry.raw)
            if message.type == self.lane.msg_type:
                self.lane.offer(entry, message)
            self.position = entry.id

    def work_off(self, at_once: int = 10) -> None:
        """Do the work of the lane's greenlet until there is no more to do."""
        while True:
            while self.lane.is_busy:
                self.lane.work()
            if self.lane.catch_up(self.position):
                return
            entries = self.queue.range(self.lane.position, self.position, at_once)
            self.lane.take(entries, self.lane.open(entries), self.position, is_all=len(entries) < at_once)


def lane_of(handler: ServiceMsgHandler, **bounds: Any) -> Lane:
    return Lane(handler, DeadLetters(), **bounds)


def offer(lane: Lane, data: bytes) -> None:
    raw = b'{"type":"number","src":"test","data":%s}' % data
    lane.offer(Entry("1-1", raw), decode(raw))


def test_messages_are_handled_in_order_and_flushed_after_the_last() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler))
    bus.bring(3)
    bus.work_off()
    assert handler.calls == [0, 1, 2, "flush"]
    assert bus.lane.handled == 3


def test_a_batch_is_bounded() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler, batch=2))
    bus.bring(5)
    bus.work_off()
    assert handler.calls == [0, 1, "flush", 2, 3, "flush", 4, "flush"]


def test_the_lane_is_woken_once_for_messages_that_come_together() -> None:
    woken: list[int] = []
    bus = Bus(lane_of(Recorder()))
    bus.lane.wake = lambda: woken.append(1)
    bus.bring(3)
    assert woken == [1]
    bus.work_off()
    bus.bring(1)
    assert woken == [1, 1]


def test_a_full_lane_holds_no_more_than_its_bound_and_still_gets_everything_in_order() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler, bound=4))
    bus.bring(100)
    assert len(bus.lane) == 4
    assert bus.lane.is_behind
    bus.work_off()
    assert handler.numbers == list(range(100))
    assert not bus.lane.is_behind
    bus.bring(3)
    bus.work_off()
    assert handler.numbers == list(range(103))
    assert bus.lane.lost == 0


def test_what_comes_while_the_lane_catches_up_is_not_missed() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler, bound=2))
    bus.bring(10)
    while len(bus.lane):
        bus.lane.work()
    until = bus.position
    entries = bus.queue.range(bus.lane.position, until, 100)
    bus.bring(5)  # between the lane's question and the answer
    bus.lane.take(entries, bus.lane.open(entries), until, is_all=True)
    assert not bus.lane.catch_up(bus.position)
    bus.work_off()
    assert handler.numbers == list(range(15))


def test_a_lane_that_catches_up_leaves_other_types_and_broken_messages_alone() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler, bound=1))
    bus.bring(2)
    bus.bring(2, "other")
    bus.bring(1)
    bus.work_off()
    bus.queue.put([b"{"])
    bus.queue.intake(0)
    assert handler.numbers == [0, 1, 4]


def test_a_lane_that_catches_up_takes_only_what_is_signed() -> None:
    handler, signer = Recorder(), Signer("the secret")
    lane = Lane(handler, DeadLetters(), signer=signer)
    queue = MemoryQueue()
    queue.put([encode("number", "test", 1), signer.sign(encode("number", "test", 2))])
    until = queue.intake(0).newest_id
    lane.begin(START, until)
    lane.take(entries := queue.range(START, until, 10), lane.open(entries), until, is_all=True)
    lane.work()
    assert handler.numbers == [2]


def test_what_was_trimmed_before_a_slow_lane_came_to_it_is_counted_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler, bound=10), length=20)
    for _ in range(10):
        bus.bring(10)
    bus.work_off()
    assert handler.numbers == [*range(10), *range(80, 100)]
    assert bus.lane.lost == 70
    assert "70 entries were trimmed" in caplog.text


def test_a_handler_that_replays_gets_first_what_the_bus_holds() -> None:
    handler = ReplayingRecorder()
    lane = lane_of(handler)
    bus = Bus(lane)
    bus.queue.put([encode("number", "test", -1), b"broken", encode("other", "test", 0)])
    bus.queue.intake(0)
    bus.position = bus.queue.newest_id()
    lane.begin(handler.begins_behind(bus.queue), bus.position)
    bus.bring(2)
    assert handler.calls == []
    bus.work_off()
    assert handler.numbers == [-1, 0, 1]
    assert lane.lost == 0


@pytest.mark.parametrize("behind", [START, "0-1"])
def test_a_lane_that_begins_at_the_start_of_an_empty_bus_is_live_at_once(
    behind: str, caplog: pytest.LogCaptureFixture
) -> None:
    lane = lane_of(Recorder())
    lane.begin(behind, START)
    assert lane.catch_up(START)
    assert caplog.text == ""


def test_whom_it_concerns_is_told_of_a_loss_when_all_before_it_was_handed_over() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler, bound=10), length=20)
    told: list[tuple[str, int]] = []
    bus.lane.on_lost = lambda place: told.append((place, len(handler.numbers)))
    for _ in range(10):
        bus.bring(10)
    bus.work_off()
    [(place, handled)] = told
    assert handled == 20  # as many as could wait here, and the first that the bus still had
    assert number_of(place) == 100 - 20


def test_a_lane_that_is_live_is_told_of_a_loss_by_the_reader_and_one_that_is_behind_finds_it() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler, bound=2))
    told: list[tuple[str, list[int]]] = []
    bus.lane.on_lost = lambda place: told.append((place, list(handler.numbers)))
    bus.lane.pass_gap("5-1")
    bus.bring(2)
    bus.lane.pass_gap("5-2")
    assert told == [("5-1", [])]
    bus.work_off()
    assert told[1:] == [("5-2", [0, 1])]
    bus.bring(3)
    bus.lane.pass_gap("5-3")
    bus.work_off()
    assert len(told) == 2


def test_a_place_before_any_entry_is_the_start_whatever_its_number() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler))
    bus.queue.put([encode("number", "test", -1)])
    bus.position = bus.queue.intake(0).newest_id
    bus.lane.begin("0-1", bus.position)
    bus.work_off()
    assert handler.numbers == [-1]
    assert bus.lane.lost == 0


def test_a_handler_that_wants_no_past_begins_with_what_the_reader_reads() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler))
    bus.queue.put([encode("number", "test", -1)])
    bus.position = bus.queue.intake(0).newest_id
    bus.lane.begin(handler.begins_behind(bus.queue), bus.position)
    assert not bus.lane.is_behind
    bus.bring(2)
    bus.work_off()
    assert handler.numbers == [0, 1]


def test_a_lane_goes_on_behind_the_entry_that_it_is_told() -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler))
    bus.queue.put([encode("number", "test", number) for number in (-3, -2, -1)])
    bus.position = bus.queue.intake(0).newest_id
    first, *_ = bus.queue.read(START, 1, 0)
    bus.lane.begin(first.id, bus.position)
    bus.bring(2)
    bus.work_off()
    assert handler.numbers == [-2, -1, 0, 1]
    assert bus.lane.lost == 0


def test_a_place_beyond_the_end_of_the_bus_makes_a_lane_begin_anew_and_not_deaf(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler))
    bus.queue.put([encode("number", "test", -1)])
    bus.position = bus.queue.intake(0).newest_id
    milliseconds, number = order_of(bus.position)
    bus.lane.begin(f"{milliseconds}-{number + 1000}", bus.position)
    bus.bring(2)
    bus.work_off()
    assert handler.numbers == [-1, 0, 1]
    assert "began anew" in caplog.text


def test_a_handler_that_wants_the_ids_is_given_the_bus_s() -> None:
    class Named(Recorder):
        def handle(self, message_id: str, src: str, data: Any) -> None:
            self.calls.append((message_id, src, data))

    handler = Named()
    bus = Bus(lane_of(handler))
    bus.bring(2)
    ids = [entry.id for entry in bus.queue.read(START, 2, 0)]
    bus.work_off()
    assert handler.calls == [(ids[0], "test", 0), (ids[1], "test", 1), "flush"]


class Moody(Recorder):
    """Fails at 1 with an error of its own, at 2 with one that is the producer's."""

    def __call__(self, src: str, data: Any) -> None:
        if data == 1:
            raise KeyError("one")
        if data == 2:
            raise BadData("two is no number here")
        super().__call__(src, data)


def test_a_handler_that_raises_costs_one_message(caplog: pytest.LogCaptureFixture) -> None:
    handler = Moody()
    dead_letters = DeadLetters()
    bus = Bus(Lane(handler, dead_letters))
    bus.bring(4)
    bus.work_off()
    assert handler.calls == [0, 3, "flush"]
    first, second = dead_letters.peek(10)
    assert (first.reason, first.src) == ("handler_failed", "test")
    assert re.fullmatch(r"KeyError: 'one' \(pipeline/test_lane\.py:\d+ in __call__\)", first.detail)
    assert (second.reason, second.detail) == ("bad_data", "two is no number here")
    assert decode(first.raw).type == "number"
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(("data", "reason"), [(b'"one"', "bad_data"), (b"null", "bad_data"), (b'"\xff"', "bad_json")])
def test_data_of_another_shape_never_reaches_the_handler(data: bytes, reason: str) -> None:
    handler, dead_letters = Recorder(), DeadLetters()
    lane = Lane(handler, dead_letters)
    offer(lane, data)
    offer(lane, b"5")
    lane.work()
    assert handler.numbers == [5]
    assert [letter.reason for letter in dead_letters.peek(10)] == [reason]


class Raising(Recorder):
    """Raises what it is given, at the number 1."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def __call__(self, src: str, data: Any) -> None:
        if data == 1:
            raise self.error
        super().__call__(src, data)


class MuteError(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise ValueError("mute")


ESCAPES = [
    gevent.Timeout(3),
    gevent.GreenletExit("by itself"),
    SystemExit(0),
    KeyboardInterrupt(),
    asyncio.CancelledError(),
    GeneratorExit(),
    RecursionError("deep"),
    MemoryError(),
    MuteError(),
    BaseExceptionGroup("many", [SystemExit(1)]),
]


@pytest.mark.parametrize("error", ESCAPES, ids=lambda error: type(error).__name__)
def test_whatever_a_handler_raises_costs_one_message(error: BaseException) -> None:
    handler, dead_letters = Raising(error), DeadLetters()
    lane = Lane(handler, dead_letters)
    bus = Bus(lane)
    bus.bring(3)
    bus.work_off()
    assert handler.calls == [0, 2, "flush"]
    assert lane.handled == 2
    [letter] = dead_letters.peek(10)
    assert letter.reason == "handler_failed"
    assert letter.detail.startswith(type(error).__name__)
    assert re.search(r"\(pipeline/test_lane\.py:\d+ in __call__\)$", letter.detail)


class OurStop(StopRequest, gevent.GreenletExit):
    pass


def stopped_meanwhile() -> None:
    """Answer the server's stop with an error of one's own, as a handler may."""
    try:
        raise OurStop
    finally:
        raise ConnectionError("the answer never came")


@pytest.mark.parametrize("is_answered", [False, True], ids=["alone", "answered by an error"])
def test_the_servers_own_stop_rejects_nothing_and_passes_nothing_over(is_answered: bool) -> None:
    class Interrupted(Recorder):
        def __call__(self, src: str, data: Any) -> None:
            super().__call__(src, data)
            if data == 1 and is_answered:
                stopped_meanwhile()
            if data == 1:
                raise OurStop

    dead_letters = DeadLetters()
    lane = Lane(Interrupted(), dead_letters)
    bus = Bus(lane)
    bus.bring(1)
    bus.work_off()
    done = bus.position
    bus.bring(2)
    with pytest.raises((OurStop, ConnectionError)):
        bus.work_off()
    assert (len(dead_letters), lane.handled) == (0, 1)
    assert lane.done_until(bus.position) == just_before(bus.queue.range(done, bus.position, 1)[0].id)


class Leaky(Recorder):
    """Cannot flush."""

    error: BaseException = OSError("no room")

    def flush(self) -> None:
        raise self.error


ERRORS = [OSError("no room"), SystemExit(0), gevent.Timeout(1), QueueAwayError("redis://other", "a queue of its own")]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_a_flush_that_fails_costs_its_batch_and_the_lane_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    handler, dead_letters = Leaky(), DeadLetters()
    handler.error = error
    lane = Lane(handler, dead_letters, batch=2)
    bus = Bus(lane)
    bus.bring(3)
    bus.work_off()
    assert handler.numbers == [0, 1, 2]
    assert lane.handled == 0
    assert [letter.reason for letter in dead_letters.peek(9)] == ["handler_failed"] * 3
    assert all(letter.detail.startswith(f"flush: {type(error).__name__}") for letter in dead_letters.peek(9))
    assert "Traceback" in caplog.text


class Halved(Recorder):
    """Flushes in two halves. ``done`` has the numbers of the flushes that have ended."""

    error: BaseException | None = None

    def __init__(self) -> None:
        super().__init__()
        self.collected: list[int] = []
        self.done: list[int] = []

    def __call__(self, src: str, data: Any) -> None:
        super().__call__(src, data)
        self.collected.append(data)

    def begin_flush(self) -> Callable[[], object]:
        batch = self.collected
        self.forget()
        self.calls.append(f"begin {batch}")
        return partial(self._end, batch)

    def forget(self) -> None:
        self.collected = []

    def _end(self, batch: list[int]) -> None:
        error, self.error = self.error, None
        if error is not None:
            raise error
        self.calls.append(f"end {batch}")
        self.done += batch


def test_a_flush_ends_behind_the_next_batch_or_when_nothing_waits() -> None:
    handler = Halved()
    bus = Bus(lane_of(handler, batch=2))
    bus.bring(5)
    bus.work_off()
    assert handler.calls == [
        *(0, 1, "begin [0, 1]"),
        *(2, 3, "end [0, 1]", "begin [2, 3]"),
        *(4, "end [2, 3]", "begin [4]", "end [4]"),
    ]
    assert bus.lane.handled == 5
    assert not bus.lane.is_busy


def suspects_of(marks: MemoryMarks) -> list[Suspect]:
    """The suspects of the next process, if this one died now."""
    return [*MemoryMarks(marks).mark("number").suspects()]


def test_until_a_flush_has_ended_its_entries_are_not_done_and_count_as_being_with_the_handler() -> None:
    marks = MemoryMarks()
    mark = marks.mark("number")
    bus = Bus(lane_of(Halved(), batch=2, mark=mark))
    bus.bring(3)
    ids = [entry.id for entry in bus.queue.range(START, bus.position, 3)]
    bus.lane.work()
    assert bus.lane.done_until(bus.position) == just_before(ids[0])
    assert suspects_of(marks) == [Suspect(ids[0], ids[1], 1)]
    bus.lane.work()
    assert bus.lane.done_until(bus.position) == just_before(ids[2])
    assert suspects_of(marks) == [Suspect(ids[2], ids[2], 1)]
    bus.lane.work()
    assert bus.lane.done_until(bus.position) == bus.position
    assert suspects_of(marks) == []


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_an_end_of_a_flush_that_fails_costs_its_own_batch(error: BaseException) -> None:
    handler, dead_letters = Halved(), DeadLetters()
    lane = Lane(handler, dead_letters, batch=2)
    bus = Bus(lane)
    bus.bring(3)
    lane.work()
    handler.error = error
    bus.work_off()
    assert [bytes(decode(letter.raw).data) for letter in dead_letters.peek(9)] == [b"0", b"1"]
    assert handler.calls[-1] == "end [2]"
    assert lane.handled == 1
    assert lane.done_until(bus.position) == bus.position


def test_a_stop_between_the_halves_passes_over_neither_batch() -> None:
    handler = Halved()
    lane = lane_of(handler, batch=2)
    bus = Bus(lane)
    bus.bring(4)
    first = just_before(bus.queue.range(START, bus.position, 1)[0].id)
    lane.work()
    handler.error = OurStop()
    with pytest.raises(OurStop):
        bus.work_off()
    assert lane.done_until(bus.position) == first
    lane.begin_anew()
    assert lane.position == first
    bus.work_off()
    assert handler.done == [0, 1, 2, 3]


def test_a_loss_is_told_behind_the_flush_of_what_came_before_it() -> None:
    handler = Halved()
    lane = lane_of(handler)
    bus = Bus(lane)
    lane.on_lost = handler.calls.append
    bus.bring(1)
    lane.work()
    lane.pass_gap("9-9")
    assert handler.calls == [0, "begin [0]"]
    bus.work_off()
    assert handler.calls == [0, "begin [0]", "end [0]", "9-9"]


def test_a_handler_that_is_full_is_flushed_before_it_gets_more() -> None:
    class Small(Recorder):
        def __call__(self, src: str, data: Any) -> None:
            super().__call__(src, data)
            self.is_full = data % 3 == 2

        def flush(self) -> None:
            super().flush()
            self.is_full = False

    handler = Small()
    bus = Bus(lane_of(handler, batch=5))
    bus.bring(7)
    bus.work_off()
    assert handler.calls == [0, 1, 2, "flush", 3, 4, 5, "flush", 6, "flush"]


class Forgetful(Leaky):
    """Cannot forget, either."""

    def forget(self) -> None:
        raise SystemExit("cannot")


def test_a_handler_that_cannot_forget_costs_its_batch_only(caplog: pytest.LogCaptureFixture) -> None:
    dead_letters = DeadLetters()
    lane = Lane(Forgetful(), dead_letters)
    bus = Bus(lane)
    bus.bring(2)
    bus.work_off()
    assert (len(dead_letters), lane.done_until(bus.position)) == (2, bus.position)
    assert "forget failed" in caplog.text


def test_what_a_handler_had_collected_is_forgotten_when_its_lane_begins_anew() -> None:
    class Collector(Recorder):
        def forget(self) -> None:
            self.calls.append("forget")

    handler = Collector()
    lane = lane_of(handler)
    bus = Bus(lane)
    bus.bring(1)
    lane.begin_anew()
    bus.work_off()
    assert handler.calls == ["forget", 0, "flush"]


def test_a_queue_that_takes_nothing_at_the_end_is_no_fault_of_the_batch() -> None:
    handler, dead_letters = Leaky(), DeadLetters()
    handler.error = QueueAwayError("memory:", "gone")
    lane = Lane(handler, dead_letters, is_ending=lambda: True)
    bus = Bus(lane)
    bus.bring(2)
    with pytest.raises(QueueAwayError):
        bus.work_off()
    assert len(dead_letters) == 0
    assert order_of(lane.done_until(bus.position)) < order_of(bus.queue.range(START, bus.position, 1)[0].id)


@pytest.mark.parametrize("is_ending", [True, False])
def test_a_queue_that_does_not_answer_a_handler_at_the_end_is_no_fault_of_its_message(is_ending: bool) -> None:
    class Asking(Recorder):
        def __call__(self, src: str, data: Any) -> None:
            raise QueueAwayError("memory:", "gone")

    dead_letters = DeadLetters()
    lane = Lane(Asking(), dead_letters, is_ending=lambda: is_ending)
    bus = Bus(lane)
    bus.bring(1)
    if not is_ending:
        bus.work_off()
        assert len(dead_letters) == 1
        return
    with pytest.raises(QueueAwayError):
        bus.work_off()
    assert len(dead_letters) == 0
    assert order_of(lane.done_until(bus.position)) < order_of(bus.queue.range(START, bus.position, 1)[0].id)


class OddShape(msgspec.Struct):
    """A shape whose own check fails in an unexpected way."""

    n: int

    def __post_init__(self) -> None:
        raise SystemExit(f"odd {self.n}")


def test_a_shape_that_raises_costs_one_message() -> None:
    class Odd(Recorder):
        data_type = OddShape | int

    handler, dead_letters = Odd(), DeadLetters()
    lane = Lane(handler, dead_letters)
    offer(lane, b'{"n":1}')
    offer(lane, b"2")
    lane.work()
    assert handler.numbers == [2]
    assert [letter.reason for letter in dead_letters.peek(10)] == ["handler_failed"]


@pytest.mark.parametrize("place", ["in hand", "waiting", "behind", "idle"])
def test_a_lane_that_is_begun_anew_misses_nothing(place: str) -> None:
    handler = Raising(OurStop())
    lane = lane_of(handler, bound=3)
    bus = Bus(lane)
    bus.bring({"in hand": 3, "waiting": 1, "behind": 9, "idle": 1}[place])
    if place in ("in hand", "behind"):
        with pytest.raises(OurStop):
            bus.work_off()
    elif place == "idle":
        bus.work_off()
    lane.begin_anew()
    handler.error = KeyError()
    bus.bring(1)
    bus.work_off()
    assert sorted({*handler.numbers, 1}) == list(range(bus.count))
    assert not lane.is_behind
    assert lane.lost == 0


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.booleans()), max_size=30), st.integers(1, 6))
@settings(max_examples=60)
def test_however_work_and_arrivals_interleave_order_holds_and_nothing_is_lost(
    steps: list[tuple[int, bool, bool]], bound: int
) -> None:
    handler = Recorder()
    bus = Bus(lane_of(handler, bound=bound, batch=3))
    expected = []
    for count, is_ours, works in steps:
        if is_ours:
            expected += range(bus.count, bus.count + count)
        bus.bring(count, "number" if is_ours else "other")
        if works and len(bus.lane):
            bus.lane.work()
        elif works:
            bus.work_off(at_once=4)
    bus.work_off(at_once=4)
    assert handler.numbers == expected
    assert bus.lane.lost == 0

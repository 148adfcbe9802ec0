from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from service_fakes import Recorder, ReplayingRecorder

from rtserver.base.memory_queue import MemoryQueue
from rtserver.base.queue_port import START, Entry, order_of
from rtserver.base.signature import Signer
from rtserver.service.lane import Lane
from rtserver.service.message import BadData, decode, encode
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.rejections import Rejections


class Bus:
    """A bus with a reader that offers each entry to one lane, as the dispatcher does."""

    def __init__(self, lane: Lane, length: int = 100_000) -> None:
        self.lane = lane
        self.queue = MemoryQueue(bus_length=length)
        self.position = START
        self.count = 0

    def bring(self, count: int, msg_type: str = "number") -> None:
        """The next ``count`` messages, numbered on."""
        self.queue.put([encode(msg_type, "test", number) for number in range(self.count, self.count + count)])
        self.count += count
        while self.queue.intake(0).messages:
            pass
        for entry in self.queue.read(self.position, count, 0):
            message = decode(entry.raw)
            if message.type == self.lane.msg_type:
                self.lane.offer(entry, message)
            self.position = entry.id

    def work_off(self, at_once: int = 10) -> None:
        """What the lane's greenlet does until there is no more to do."""
        while True:
            while len(self.lane):
                self.lane.work()
            if self.lane.catch_up(self.position):
                return
            entries = self.queue.range(self.lane.position, self.position, at_once)
            self.lane.take(entries, self.lane.open(entries), self.position, is_all=len(entries) < at_once)


def lane_of(handler: ServiceMsgHandler, **bounds: int) -> Lane:
    return Lane(handler, Rejections(), **bounds)


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
    lane = Lane(handler, Rejections(), signer=signer)
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
    rejections = Rejections()
    bus = Bus(Lane(handler, rejections))
    bus.bring(4)
    bus.work_off()
    assert handler.calls == [0, 3, "flush"]
    first, second = rejections.peek(10)
    assert (first.reason, first.detail, first.src) == ("handler_failed", "KeyError: 'one'", "test")
    assert (second.reason, second.detail) == ("bad_data", "two is no number here")
    assert decode(first.raw).type == "number"
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(("data", "reason"), [(b'"one"', "bad_data"), (b"null", "bad_data"), (b'"\xff"', "bad_json")])
def test_data_of_another_shape_never_reaches_the_handler(data: bytes, reason: str) -> None:
    handler, rejections = Recorder(), Rejections()
    lane = Lane(handler, rejections)
    offer(lane, data)
    offer(lane, b"5")
    lane.work()
    assert handler.numbers == [5]
    assert [letter.reason for letter in rejections.peek(10)] == [reason]


class Leaky(Recorder):
    """Cannot flush."""

    def flush(self) -> None:
        raise OSError("no room")


def test_a_flush_that_fails_is_logged_and_the_lane_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    handler = Leaky()
    bus = Bus(lane_of(handler, batch=1))
    bus.bring(2)
    bus.work_off()
    assert handler.numbers == [0, 1]
    assert "no room" in caplog.text


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

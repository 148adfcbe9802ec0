"""The outbox: what a slow client still gets, and that it costs no more than it may."""

from collections.abc import Hashable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rtserver.base.connection.outbox import BURST, WRITE_BYTES, Outbox, PushResult

MARK, HARD = 100, 250


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(MARK, HARD)


def test_frames_leave_in_the_order_they_came(outbox: Outbox) -> None:
    for frame in (b"a", b"b", b"c"):
        assert outbox.push(frame, key="same") is PushResult.QUEUED
    assert outbox.take() == b"abc"
    assert outbox.take() == b""


def test_a_lone_frame_leaves_as_the_very_object_that_all_receivers_share(outbox: Outbox) -> None:
    frame = bytes(50)
    outbox.push(frame)
    assert outbox.take() is frame


def test_what_was_taken_counts_until_it_is_sent(outbox: Outbox) -> None:
    outbox.push(b"abc")
    outbox.take()
    outbox.push(b"de")
    assert outbox.size == 5
    assert not outbox.sent()
    assert outbox.size == 2
    assert outbox.take() == b"de"


def test_up_to_the_mark_nothing_lags(outbox: Outbox) -> None:
    assert outbox.push(b"x" * MARK) is PushResult.QUEUED
    assert not outbox.is_lagging


def test_the_first_frame_over_the_mark_says_that_the_client_lags_and_the_next_ones_do_not(outbox: Outbox) -> None:
    outbox.push(b"x" * MARK)
    assert outbox.push(b"y") is PushResult.LAGS
    assert outbox.push(b"z") is PushResult.QUEUED
    assert outbox.take() == b"x" * MARK + b"yz"


def test_of_a_lagging_client_the_newest_per_key_survives_at_the_place_of_its_arrival() -> None:
    outbox = Outbox(mark=1, hard=HARD)
    outbox.push(b"x")
    for frame, key in ((b"a1", "a"), (b"b1", "b"), (b"must", None), (b"a2", "a"), (b"arrive", None), (b"a3", "a")):
        outbox.push(frame, key)
    assert outbox.conflated == 2
    assert outbox.size == len(b"xb1mustarrivea3")
    assert outbox.take() == b"xb1mustarrivea3"


def test_what_waited_before_the_lag_is_not_replaced(outbox: Outbox) -> None:
    outbox.push(b"a" * MARK, "a")
    outbox.push(b"b", "a")
    assert outbox.take() == b"a" * MARK + b"b"
    assert outbox.conflated == 0


def test_a_lag_ends_when_all_has_been_sent_and_not_before(outbox: Outbox) -> None:
    outbox.push(b"x" * MARK)
    outbox.take()
    outbox.push(b"y")
    assert not outbox.sent()
    assert outbox.is_lagging
    outbox.take()
    assert outbox.sent()
    assert not outbox.is_lagging
    assert not outbox.sent()
    outbox.push(b"x" * MARK)
    assert outbox.push(b"y") is PushResult.LAGS


@pytest.mark.parametrize("key", [None, "a"])
def test_a_frame_over_the_hard_limit_is_not_queued_and_changes_nothing(outbox: Outbox, key: Hashable) -> None:
    outbox.push(b"x" * MARK)
    outbox.push(b"y" * 50, "a")
    too_much = b"z" * (HARD - MARK + 1)
    assert outbox.push(too_much, key) is PushResult.FULL
    assert outbox.size == MARK + 50
    assert outbox.conflated == 0
    assert outbox.take() == b"x" * MARK + b"y" * 50


@pytest.mark.parametrize("key", [None, "a"])
def test_a_frame_that_could_never_wait_says_nothing_about_the_client(outbox: Outbox, key: Hashable) -> None:
    assert outbox.push(b"x" * (HARD + 1), key) is PushResult.TOO_LARGE
    assert (outbox.size, outbox.is_lagging) == (0, False)
    assert outbox.push(b"x" * HARD, key) is PushResult.LAGS


def test_over_the_hard_limit_there_is_room_for_those_who_take_bytes_and_an_end_of_it(outbox: Outbox) -> None:
    frame = b"x" * 50
    while outbox.push(frame) is not PushResult.FULL:
        pass
    assert not outbox.is_over
    count = 0
    while outbox.push_over(frame):
        count += 1
        assert outbox.is_over
    assert outbox.size == BURST * HARD
    outbox.take()
    outbox.sent()
    assert (outbox.size, outbox.is_over, outbox.is_lagging) == (0, False, False)


def test_much_leaves_in_several_writes_and_what_has_not_left_can_be_replaced() -> None:
    outbox = Outbox(mark=100_000, hard=4 * WRITE_BYTES)
    outbox.push(b"a" * 100_000, "x")
    outbox.push(b"b" * 100_000, "x")
    outbox.push(b"c" * 100_000)
    outbox.push(b"d" * 100_000, "y")
    assert outbox.take() == b"a" * 100_000 + b"b" * 100_000
    outbox.push(b"e" * 100_000, "y")
    assert outbox.conflated == 1
    assert not outbox.sent()
    assert outbox.take() == b"c" * 100_000 + b"e" * 100_000
    assert outbox.sent()
    assert outbox.size == 0


def test_a_frame_longer_than_a_write_leaves_as_it_is() -> None:
    outbox = Outbox(mark=100, hard=4 * WRITE_BYTES)
    long, behind = b"a" * (2 * WRITE_BYTES), b"b"
    outbox.push(long)
    outbox.push(behind)
    assert outbox.take() is long
    assert outbox.take() == behind


def test_exactly_the_hard_limit_still_fits(outbox: Outbox) -> None:
    outbox.push(b"x" * MARK)
    assert outbox.push(b"y" * (HARD - MARK)) is PushResult.LAGS
    assert outbox.size == HARD


def test_a_stream_of_one_key_never_is_too_much(outbox: Outbox) -> None:
    outbox.push(b"x" * MARK)
    verdicts = {outbox.push(b"%0100d" % i, "price") for i in range(1000)}
    assert verdicts == {PushResult.LAGS, PushResult.QUEUED}
    assert outbox.take() == b"x" * MARK + b"%0100d" % 999


def test_discarding_forgets_what_waits_and_counts_what_is_on_its_way(outbox: Outbox) -> None:
    outbox.push(b"x" * MARK)
    outbox.take()
    outbox.push(b"y" * 60)
    outbox.push(b"z" * 60, "z")
    outbox.discard()
    assert outbox.size == MARK
    assert outbox.take() == b""
    outbox.push(b"close")
    assert outbox.take() == b"close"
    assert outbox.sent()
    assert outbox.size == 0


def test_while_it_stays_within_the_limit_to_append_is_to_push(outbox: Outbox) -> None:
    assert outbox.limit == MARK
    outbox.push(b"x" * MARK)
    outbox.push(b"y")
    assert outbox.limit < 0
    outbox.take()
    outbox.sent()
    assert outbox.limit == MARK


def test_once_it_is_shut_nothing_may_be_appended_any_more(outbox: Outbox) -> None:
    outbox.push(b"last")
    outbox.shut()
    assert outbox.limit < 0
    assert outbox.take() == b"last"
    outbox.sent()
    assert outbox.limit < 0


class OutboxMachine(RuleBasedStateMachine):
    """Any order of calls, with frames that can be told apart: two bytes of number, one of length, then the body."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(MARK, HARD)
        self.accepted: list[tuple[Hashable, bytes]] = []
        self.late: set[bytes] = set()
        self.taken = b""
        self.in_flight = 0
        self.is_lagging = False
        self.is_shut = False
        self.number = 0

    def next_frame(self, length: int) -> bytes:
        self.number += 1
        return self.number.to_bytes(2, "big") + bytes((length,)) + b"." * length

    @rule(length=st.sampled_from([0, 1, 5, 20, 60, 120]), key=st.sampled_from([None, None, "a", "b", 7]))
    def push(self, length: int, key: Hashable) -> None:
        frame = self.next_frame(length)
        size_before, conflated_before = self.outbox.size, self.outbox.conflated
        verdict = self.outbox.push(frame, key)
        if verdict is PushResult.FULL:
            assert size_before + len(frame) > HARD
            assert (self.outbox.size, self.outbox.conflated) == (size_before, conflated_before)
            return
        assert (verdict is PushResult.LAGS) == (not self.is_lagging and size_before + len(frame) > MARK)
        if key is None:
            assert self.outbox.size == size_before + len(frame)
        self.is_lagging = self.is_lagging or verdict is PushResult.LAGS
        self.accepted.append((key, frame))
        if self.is_lagging:
            self.late.add(frame)

    @rule(length=st.sampled_from([0, 5, 60]))
    def append(self, length: int) -> None:
        """Do what ``fan_out`` does: append within the limit, push beyond it."""
        frame = self.next_frame(length)
        if self.outbox.size + len(frame) <= self.outbox.limit:
            assert not self.is_lagging
            self.outbox.frames.append(frame)
            self.outbox.size += len(frame)
            self.accepted.append((None, frame))

    @precondition(lambda self: not self.is_shut)
    @rule()
    def shut(self) -> None:
        """Until the end of its life nothing is appended any more; a push may still come, as of a close frame."""
        self.outbox.shut()
        self.is_shut = self.is_lagging = True

    @rule()
    def take(self) -> None:
        data = self.outbox.take()
        self.in_flight += len(data)
        self.taken += data
        assert self.outbox.size == self.in_flight
        self._check(self._split())
        self.accepted.clear()
        self.taken = b""

    @rule()
    def sent(self) -> None:
        waiting = self.outbox.size - self.in_flight
        has_caught_up = self.outbox.sent()
        assert self.is_shut or has_caught_up == (self.is_lagging and not waiting)
        assert self.outbox.size == waiting
        self.is_lagging = self.is_shut or (self.is_lagging and bool(waiting))
        self.in_flight = 0

    @rule()
    def discard(self) -> None:
        self.outbox.discard()
        self.accepted.clear()
        assert self.outbox.size == self.in_flight

    @invariant()
    def it_stays_within_its_limit(self) -> None:
        assert self.in_flight <= self.outbox.size <= HARD
        assert self.outbox.size <= MARK or self.is_lagging
        assert self.outbox.is_lagging == self.is_lagging

    @invariant()
    def its_size_is_that_of_what_waits_and_of_what_is_on_its_way(self) -> None:
        newest = {key: frame for key, frame in self.accepted if key is not None}
        waiting = [f for key, f in self.accepted if key is None or f not in self.late or f == newest[key]]
        assert self.outbox.size == self.in_flight + sum(map(len, waiting))

    def _split(self) -> list[bytes]:
        frames, data = [], self.taken
        while data:
            frames.append(data[: 3 + data[2]])
            data = data[3 + data[2] :]
        return frames

    def _check(self, frames: list[bytes]) -> None:
        """Every frame without a key, the newest of every key, and all that there is in the order it came."""
        accepted = [frame for _, frame in self.accepted]
        newest = {key: frame for key, frame in self.accepted if key is not None}
        assert frames == sorted(frames, key=accepted.index)
        assert {frame for key, frame in self.accepted if key is None} | set(newest.values()) <= set(frames)
        assert len(set(frames)) == len(frames)
        conflated = {frame for key, frame in self.accepted if key is not None and frame in self.late}
        assert not (conflated - set(newest.values())) & set(frames)


OutboxMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOutbox = OutboxMachine.TestCase

"""Members with a rate on the board: who gets what when, and that nothing is missed or doubled."""

from collections.abc import Callable, Hashable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rtserver.base.bridge.message import Update
from rtserver.base.wire.frame import text_frame
from rtserver.user.topic.board import Topics
from rtserver.user.topic.pacer import TICK_SECONDS
from tests.user_side import StillTime, payload_of

LONGEST_INTERVAL = 2.0


class Listener:
    """A member whose connection keeps what it is pushed, as numbers of rows."""

    framing = staticmethod(text_frame)

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    @property
    def connection(self) -> "Listener":
        return self

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        self.frames.append(frame)

    @property
    def heard(self) -> list[str]:
        return [payload_of(frame).decode() for frame in self.frames]


class Pen:
    """Draws an update as the numbers of its rows."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, update: Update) -> bytes:
        self.drawn += 1
        return ",".join(str(row[1]) for row in update.payload).encode()


@pytest.fixture
def time() -> StillTime:
    return StillTime()


@pytest.fixture
def board(time: StillTime) -> Topics:
    return Topics(timing=time)


@pytest.fixture
def tick(board: Topics) -> Callable[..., None]:
    numbers = iter(range(1, 100_000))

    def tick(topic: str = "t") -> None:
        number = next(numbers)
        board.update(Update(topic, number, ((number, number),)))

    return tick


def test_a_member_with_a_rate_gets_the_first_at_once_and_the_rest_together(
    board: Topics, time: StillTime, tick: Callable[..., None]
) -> None:
    quick, slow = Listener(), Listener()
    pen = Pen()
    board.join("t", "g", quick, pen)
    board.join("t", "g", slow, pen, 1.0)
    for _ in range(4):
        tick()
    assert (quick.heard, slow.heard) == (["1", "2", "3", "4"], ["1"])
    time.pass_by(1)
    assert slow.heard == ["1", "2,3,4"]
    assert (board.merged, board.deliveries) == (2, 6)


def test_a_class_is_drawn_and_framed_once(board: Topics, time: StillTime, tick: Callable[..., None]) -> None:
    pen = Pen()
    listeners = [Listener() for _ in range(50)]
    for listener in listeners:
        board.join("t", "g", listener, pen, 2.0)
    for _ in range(10):
        tick()
    time.pass_by(0.5)
    assert pen.drawn == 2
    assert all(len(listener.frames) == 2 for listener in listeners)
    assert len({id(listener.frames[1]) for listener in listeners}) == 1


def test_every_rate_of_a_group_has_its_own_time(board: Topics, time: StillTime, tick: Callable[..., None]) -> None:
    rates = (0.5, 1.0, 10.0)
    listeners = [Listener() for _ in rates]
    for listener, rate in zip(listeners, rates, strict=True):
        board.join("t", "g", listener, Pen(), rate)
    for _ in range(400):
        tick()
        time.pass_by(0.01)
    assert [len(listener.heard) for listener in listeners] == [pytest.approx(4 * rate, abs=2) for rate in rates]
    time.pass_by(2)
    everything = ",".join(map(str, range(1, 401)))
    assert {",".join(listener.heard) for listener in listeners} == {everything}


def test_a_newcomer_is_not_sent_what_its_picture_shows_and_the_others_miss_nothing(
    board: Topics, time: StillTime, tick: Callable[..., None]
) -> None:
    one, other = Listener(), Listener()
    board.join("t", "g", one, Pen(), 1.0)
    for _ in range(3):
        tick()
    board.join("t", "g", other, Pen(), 1.0)
    tick()
    time.pass_by(1)
    assert (one.heard, other.heard) == (["1", "2,3", "4"], ["4"])


@pytest.mark.parametrize(("old", "new"), [(1.0, 5.0), (5.0, 1.0), (1.0, None), (None, 1.0)])
def test_a_change_of_rate_neither_misses_nor_doubles(
    board: Topics, time: StillTime, tick: Callable[..., None], old: float | None, new: float | None
) -> None:
    changer, stays_old, stays_new = Listener(), Listener(), Listener()
    for listener, rate in ((changer, old), (stays_old, old), (stays_new, new)):
        board.join("t", "g", listener, Pen(), rate)
    for _ in range(3):
        tick()
    board.change_rate("t", "g", changer, new)
    for _ in range(3):
        tick()
    time.pass_by(2)
    assert {",".join(listener.heard) for listener in (changer, stays_old, stays_new)} == {"1,2,3,4,5,6"}
    before = len(changer.heard)
    tick()
    time.pass_by(2)
    assert len(changer.heard) == before + 1


def test_joining_again_with_another_rate_is_a_change(
    board: Topics, time: StillTime, tick: Callable[..., None]
) -> None:
    listener = Listener()
    board.join("t", "g", listener, Pen(), 1.0)
    board.join("t", "g", listener, Pen())
    tick()
    tick()
    assert listener.heard == ["1", "2"]
    board.leave("t", "g", listener)
    assert (len(board), board.members) == (0, 0)


def test_changing_what_one_is_not_on_changes_nothing(board: Topics, tick: Callable[..., None]) -> None:
    listener, stranger = Listener(), Listener()
    board.join("t", "g", listener, Pen(), 1.0)
    board.change_rate("t", "g", stranger, 1.0)
    board.change_rate("t", "other", listener, 1.0)
    board.change_rate("u", "g", stranger, None)
    assert (len(board), board.members) == (1, 1)


def test_the_last_one_to_leave_takes_class_topic_and_timer_along(
    board: Topics, time: StillTime, tick: Callable[..., None]
) -> None:
    one, other = Listener(), Listener()
    board.join("t", "g", one, Pen(), 1.0)
    board.join("t", "g", other, Pen(), 1.0)
    tick()
    tick()
    board.leave("t", "g", one)
    assert len(time.alarms) == 1
    board.remove(other)
    assert (time.alarms, len(board), board.members) == ([], 0, 0)
    time.pass_by(10)
    assert (one.heard, other.heard) == (["1"], ["1"])


def test_who_goes_from_a_class_to_every_update_leaves_no_timer(
    board: Topics, time: StillTime, tick: Callable[..., None]
) -> None:
    listener = Listener()
    board.join("t", "g", listener, Pen(), 1.0)
    tick()
    tick()
    board.change_rate("t", "g", listener, None)
    assert (listener.heard, time.alarms) == (["1", "2"], [])


def test_a_push_that_ends_its_own_member_while_others_are_being_settled(
    board: Topics, time: StillTime, tick: Callable[..., None]
) -> None:
    slow, other = Listener(), Listener()
    board.join("t", "g", slow, Pen(), 1.0)
    tick()
    tick()
    slow.push = lambda frame, key: board.remove(slow)
    board.join("t", "g", other, Pen(), 1.0)
    tick()
    time.pass_by(1)
    assert other.heard == ["3"]
    assert board.members == 1


def test_who_is_ended_by_the_settling_of_its_own_change_stays_gone(
    board: Topics, time: StillTime, tick: Callable[..., None]
) -> None:
    listener = Listener()
    board.join("t", "g", listener, Pen(), 1.0)
    tick()
    tick()
    listener.push = lambda frame, key: board.remove(listener)
    board.change_rate("t", "g", listener, 5.0)
    assert (len(board), board.members, time.alarms) == (0, 0, [])


def test_a_drawing_that_fails_costs_the_class_what_it_had_and_nothing_after_it(
    board: Topics, time: StillTime, tick: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener()

    def fail_once(update: Update) -> bytes:
        if len(update.payload) > 1:
            raise KeyError("no such column")
        return Pen()(update)

    board.join("t", "g", listener, fail_once, 1.0)
    for _ in range(3):
        tick()
    time.pass_by(1)
    tick()
    time.pass_by(1)
    assert (listener.heard, board.failures) == (["1", "4"], 1)
    assert "no such column" in caplog.text


def test_a_board_without_time_refuses_a_rate_and_is_as_before() -> None:
    board = Topics()
    with pytest.raises(ValueError, match="without timing"):
        board.join("t", "g", Listener(), Pen(), 1.0)
    assert (len(board), board.members) == (0, 0)


class BoardMachine(RuleBasedStateMachine):
    """Members who come, go and change their rates while ticks come: each gets every row from its joining on, once."""

    MEMBERS = 5
    rates = st.sampled_from([None, None, 1 / LONGEST_INTERVAL, 1.0, 10.0])
    who = st.integers(0, MEMBERS - 1)

    def __init__(self) -> None:
        super().__init__()
        self.time = StillTime()
        self.board = Topics(timing=self.time)
        self.listeners: dict[int, Listener] = {}
        self.since: dict[int, int] = {}
        self.number = 0

    @rule(who=who, rate=rates)
    def join(self, who: int, rate: float | None) -> None:
        if who not in self.listeners:
            self.listeners[who] = Listener()
            self.since[who] = self.number + 1
        self.board.join("t", "g", self.listeners[who], Pen(), rate)

    @rule(who=who, rate=rates)
    def change(self, who: int, rate: float | None) -> None:
        if who in self.listeners:
            self.board.change_rate("t", "g", self.listeners[who], rate)

    @rule(who=who)
    def leave(self, who: int) -> None:
        if who in self.listeners:
            self.board.leave("t", "g", self.listeners.pop(who))

    @rule(rows=st.integers(1, 3))
    def tick(self, rows: int) -> None:
        numbers = range(self.number + 1, self.number + rows + 1)
        self.number += rows
        self.board.update(Update("t", self.number, tuple((number, number) for number in numbers)))

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0]))
    def wait(self, seconds: float) -> None:
        self.time.pass_by(seconds)

    @invariant()
    def nothing_is_missed_doubled_or_reordered(self) -> None:
        for who, listener in self.listeners.items():
            heard = [int(number) for text in listener.heard for number in text.split(",")]
            assert heard == list(range(self.since[who], self.since[who] + len(heard)))

    @invariant()
    def there_is_one_timer_at_most_and_none_for_nobody(self) -> None:
        assert len(self.time.alarms) <= (1 if self.listeners else 0)

    def teardown(self) -> None:
        self.time.pass_by(LONGEST_INTERVAL + TICK_SECONDS)
        for who, listener in self.listeners.items():
            heard = [int(number) for text in listener.heard for number in text.split(",")]
            assert heard == list(range(self.since[who], self.number + 1))
            self.board.remove(listener)
        assert (len(self.board), self.board.members, self.time.alarms) == (0, 0, [])


BoardMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBoard = BoardMachine.TestCase

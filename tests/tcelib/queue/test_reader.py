"""A reader over the twin in memory: a clock that is moved, and no waiting."""

from collections.abc import Callable
from typing import Any

import pytest

from tcelib.queue.error import QueueAwayError
from tcelib.queue.memory import memory_stream
from tcelib.queue.message import DeadLetter, Message
from tcelib.queue.reader import LOOK_SECONDS, Reader, ReaderRule
from tests.tcelib.queue.rig import NAME, Clock, put

RULE = ReaderRule(most_held=4, claim_seconds=30.0)


class World:
    """A queue, a clock that waits move on, and readers."""

    def __init__(self) -> None:
        self.now = Clock()
        self.letters: list[DeadLetter] = []
        self.queue = memory_stream(NAME, self.letters, now=self.now, wait=self.wait)

    def wait(self, is_so: Callable[[], bool], timeout: float) -> None:
        if not is_so():
            self.now.pass_by(timeout)

    def reader(self, name: str = "a") -> Reader[DeadLetter]:
        reader = Reader(self.queue, name, rule=RULE, pause=self.now.pass_by, now=self.now)
        receive(reader)  # the first look is for what silent readers have left
        return reader


@pytest.fixture
def world() -> World:
    return World()


def receive(reader: Reader[DeadLetter], count: int = 1) -> list[bytes]:
    return [delivery.body for delivery in reader.receive(count)]


def look(reader: Reader[DeadLetter], turns: int = 10) -> list[bytes]:
    """All that comes in some turns."""
    return [body for _ in range(turns) for body in receive(reader, 9)]


def test_a_reader_holds_no_more_than_it_may(world: World) -> None:
    reader = world.reader()
    put(world.queue, *(b"%d" % number for number in range(9)))
    found = reader.receive(9)
    assert [delivery.body for delivery in found] == [b"0", b"1", b"2", b"3"]
    begun = world.now()
    assert reader.receive(9) == []
    assert 0 < world.now() - begun <= LOOK_SECONDS, "it paused"
    assert reader.acknowledge([found[0].id, found[2].id]) == 2
    assert look(reader) == [b"4", b"5"]
    assert reader.held == 4


def test_a_silent_reader_s_messages_come_before_new_ones(world: World) -> None:
    dead, reader = world.reader("dead"), world.reader("b")
    put(world.queue, b"1", b"2")
    assert receive(dead) == [b"1"]
    world.now.pass_by(31)
    assert [receive(reader) for _ in range(3)] == [[b"1"], [], [b"2"]]
    assert (reader.claimed, reader.length) == (1, 2)


def test_a_reader_that_says_it_is_alive_keeps_what_it_holds(world: World) -> None:
    reader, other = world.reader("a"), world.reader("b")
    put(world.queue, b"1", b"2")
    one, _ = reader.receive(2)
    reader.retry(one.id, 1000)
    for _ in range(10):
        world.now.pass_by(RULE.sign_seconds)
        reader.say_alive()
    assert look(other, 3) == []


def test_a_frozen_reader_forgets_what_another_has_claimed(world: World) -> None:
    reader, other = world.reader("a"), world.reader("b")
    put(world.queue, b"1", b"2")
    one, two = reader.receive(2)
    reader.retry(one.id, 60)
    world.now.pass_by(61)
    assert look(other) == [b"1", b"2"]
    reader.say_alive()
    assert reader.held == 0
    assert look(reader, 3) == []
    assert reader.acknowledge([two.id]) == 1, "it may still say that it is done"


def test_a_failed_message_is_tried_again_when_it_is_due(world: World) -> None:
    reader = world.reader()
    put(world.queue, b"1", b"2")
    [one] = reader.receive()
    reader.retry(one.id, 5.0)
    assert look(reader, 1) == [b"2"]
    begun = world.now()
    while not (again := reader.receive()):
        assert world.now() <= begun + 5
    assert world.now() == begun + 5
    assert [(delivery.body, delivery.tries) for delivery in again] == [(b"1", 2)]
    assert (reader.retried, reader.held) == (1, 2)


def test_a_message_that_cannot_be_done_is_buried(world: World) -> None:
    reader = world.reader()
    put(world.queue, b"1")
    [one] = reader.receive()
    assert reader.bury(one.id, letter := DeadLetter(one.message, "bad", "", 0))
    assert not reader.bury(one.id, letter)
    assert world.letters == [letter]
    assert reader.held == 0


def test_draining_takes_no_more_and_gives_back_what_waits(world: World) -> None:
    reader, other = world.reader("a"), world.reader("b")
    put(world.queue, b"1", b"2", b"3")
    one, two = reader.receive(2)
    reader.retry(one.id, 60)
    reader.drain()
    assert reader.receive() == []
    assert reader.held == 1
    assert reader.acknowledge([two.id]) == 1
    world.now.pass_by(LOOK_SECONDS)
    found = [delivery for _ in range(3) for delivery in other.receive(9)]
    assert [(delivery.body, delivery.tries) for delivery in found] == [(b"1", 1), (b"3", 1)]


@pytest.mark.parametrize("lost", ["take", "claim", "again"])
def test_a_delivery_that_was_lost_with_a_connection_comes_again_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    reader = world.reader()
    put(world.queue, b"1")
    if lost == "claim":
        world.queue.take("dead", 1, 0)
        world.now.pass_by(31)
    if lost == "again":
        [one] = reader.receive()
        reader.retry(one.id, 0)
    call, breaks = getattr(world.queue, lost), [QueueAwayError("memory:", "reset")]

    def unheard(*arguments: Any) -> Any:
        answer = call(*arguments)
        if breaks:
            raise breaks.pop()
        return answer

    monkeypatch.setattr(world.queue, lost, unheard)
    with pytest.raises(QueueAwayError):
        reader.receive()
    assert receive(reader) == [b"1"]
    assert reader.held == 1


def test_after_its_loop_died_a_reader_tries_again_what_it_had_in_hand(world: World) -> None:
    reader = world.reader()
    put(world.queue, b"1", b"2", b"3")
    one, _ = reader.receive(2)
    reader.acknowledge([one.id])
    reader.begin_anew()
    assert [receive(reader) for _ in range(2)] == [[b"2"], [b"3"]]


def test_expired_messages_are_buried_by_whoever_would_get_them(world: World) -> None:
    reader = world.reader()
    world.queue.put([Message(b"1", expires=world.now() + 1), Message(b"2")])
    world.now.pass_by(1)
    assert look(reader, 3) == [b"2"]
    assert [letter.reason for letter in world.letters] == ["expired"]


class RacingId(str):
    """Id of a message; ``race`` is called, once, when the message is looked up: as if by another thread."""

    race: Callable[[], object] | None = None

    def __hash__(self) -> int:
        race, self.race = self.race, None
        if race is not None:
            race()
        return super().__hash__()


def test_a_message_that_a_sign_of_life_forgets_meanwhile_is_no_error(world: World) -> None:
    put(world.queue, b"1")
    reader, other = world.reader(), world.reader("b")
    [delivery] = reader.receive()
    message_id = RacingId(delivery.id)
    reader.retry(message_id, 0.0)
    world.now.pass_by(RULE.claim_seconds)
    assert receive(other) == [b"1"]
    message_id.race = reader.say_alive
    assert receive(reader) == []
    assert reader.held == 0


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (ReaderRule(most_held=0), "most_held: 0"),
        (ReaderRule(claim_seconds=0.0), r"claim_seconds: 0\.0; allowed are"),
        (ReaderRule(claim_seconds=-1.0), "claim_seconds: "),
        (ReaderRule(claim_seconds=float("nan")), "claim_seconds: nan"),
        (ReaderRule(claim_seconds=1e6), "claim_seconds: "),
    ],
)
def test_a_rule_by_which_no_reader_could_live_is_refused(world: World, rule: ReaderRule, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Reader(world.queue, "a", rule=rule)


def test_a_time_that_is_no_number_is_over_at_once(world: World) -> None:
    reader = world.reader()
    assert reader.wait_for(1, float("nan")) == []
    put(world.queue, b"1")
    [delivery] = reader.wait_for(1, 1.0)
    reader.retry(delivery.id, float("nan"))
    assert receive(reader) == [b"1"]

"""Groups of one user whose processor time is counted: what is new comes in turns, and nothing is missed."""

import json
import random
from collections.abc import Callable

import pytest

from rtserver.base.bridge.message import Update
from rtserver.base.limit.cpu_quota import FairShare, FairShares, ProcessorClock, cpu_rate
from rtserver.base.wire.frame import text_frame
from rtserver.user.topic.board import Topics
from rtserver.user.topic.rate_class import MOST_ROWS
from tests.user_side import StillTime, payload_of


class Subscriber:
    """Sees that the numbers of what it is shown follow one another."""

    framing = staticmethod(text_frame)

    def __init__(self, seq: int = 0) -> None:
        self.connection = self
        self.seq = seq
        self.frames = 0

    def push(self, frame: bytes, key: object = None) -> None:
        prev_seq, seq = json.loads(payload_of(frame))
        assert prev_seq == self.seq
        self.seq = seq
        self.frames += 1


class Scene:
    """A board whose drawings take a millisecond each, the shares of users, and the timers that the test rings."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers: list[Callable[[], object]] = []
        self.time = StillTime()
        clock = ProcessorClock(lambda: self.now, lambda: self.now)
        self.shares = FairShares(cpu_rate(0.1), clock, lambda _, callback: self.timers.append(callback))
        self.board = Topics(timing=self.time)
        self.seq = 0
        self.drawn = 0

    def draw(self, update: Update) -> bytes:
        self.now += 0.001
        self.drawn += 1
        return json.dumps([update.prev_seq, update.seq]).encode()

    def share(self, user: str) -> FairShare:
        return self.shares.of(user)

    def join(self, group: str, user: str, rate: float | None = None) -> Subscriber:
        member = Subscriber(self.seq)
        self.board.join("t", group, member, self.draw, rate, share=self.share(user))
        return member

    def tell(self) -> None:
        self.seq += 1
        self.board.update(Update("t", self.seq, ((self.seq, 1.0),)))

    def turn(self) -> None:
        if self.timers:
            self.now += 1.0
            self.timers.pop(0)()

    def run(self) -> None:
        while self.timers:
            self.turn()
        self.time.pass_by(100)
        while self.timers:
            self.turn()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_many_groups_of_one_user_are_drawn_in_turns(scene: Scene) -> None:
    many = [scene.join(f"g{number}", "eve") for number in range(200)]
    one = scene.join("a", "ann")
    scene.tell()
    assert one.frames == 1
    assert sum(member.frames for member in many) < 5
    scene.tell()
    assert one.frames == 2
    assert sum(member.frames for member in many) < 5
    scene.run()
    assert {member.seq for member in many} == {2}
    assert sum(member.frames for member in many) < 2 * len(many), "what was postponed comes together"


def test_a_group_of_several_users_is_nobodys(scene: Scene) -> None:
    for number in range(200):
        scene.join(f"g{number}", "eve")
    eve, ann = scene.join("shared", "eve"), scene.join("shared", "ann")
    scene.tell()
    assert (eve.frames, ann.frames) == (1, 1)


def test_who_joins_a_group_that_is_behind_sees_nothing_twice(scene: Scene) -> None:
    members = [scene.join(f"g{number}", "eve") for number in range(50)]
    scene.tell()
    members += [scene.join(f"g{number}", "ann") for number in range(50)]
    scene.tell()
    scene.run()
    assert {member.seq for member in members} == {2}


def test_a_group_that_gets_more_than_may_be_postponed_waits_for_one_turn(scene: Scene) -> None:
    member = scene.join("g", "eve")
    scene.share("eve").charge(10.0)
    for _ in range(3 * MOST_ROWS + 1):
        scene.tell()
    assert (member.seq, len(scene.share("eve"))) == (3 * MOST_ROWS, 1)
    scene.run()
    assert (member.seq, len(scene.share("eve"))) == (3 * MOST_ROWS + 1, 0)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_order_of_turns_no_member_misses_anything(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    members: list[tuple[str, str, Subscriber]] = []
    for _ in range(600):
        group, user = f"g{chance.randrange(30)}", chance.choice(["eve", "eve", "eve", "ann"])
        rate = chance.choice([None, None, 1.0, 10.0])
        match chance.randrange(7):
            case 0 | 1:
                members.append((group, user, scene.join(group, user, rate)))
            case 2 if members:
                left, _, member = members.pop(chance.randrange(len(members)))
                scene.board.leave("t", left, member)
            case 3 if members:
                changed, user, member = chance.choice(members)
                scene.board.change_rate("t", changed, member, rate, share=scene.share(user))
            case 4:
                scene.turn()
                scene.time.pass_by(chance.random())
            case _:
                scene.tell()
    scene.run()
    assert {member.seq for _, _, member in members} <= {scene.seq}

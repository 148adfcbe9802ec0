"""Messages that overtake the bus: the rule alone, and the handler with it."""

import pytest

from rtserver.base.bridge.message import Deliver, DeliverEarly, ExpectUser, GoneUsers, PresentUsers, PushesFrom
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Hint
from rtserver.service.message import encode
from rtserver.service.push import early_pushes
from rtserver.service.push.early_pushes import EarlyPushes
from rtserver.service.push.push_choice import PushChoice
from rtserver.service.push.push_user import MOST_DIRECT_BYTES
from tests.service.push.test_push_choice import Desk, put


def hint(number: int, before: int, user_id: str = "7") -> Hint:
    return Hint(f"10-{number}", b"%d" % number, user_id, f"10-{before}")


@pytest.fixture
def choice() -> PushChoice:
    choice = PushChoice(lambda *messages: None)
    choice.allow()
    choice.note(PresentUsers(1, ("7", "ann")))
    choice.passed = "10-10"
    return choice


def numbers(pushes: list[DeliverEarly]) -> list[int]:
    return [int(push.payload) for push in pushes]


def test_a_message_overtakes_others_if_the_bus_has_brought_all_before_it_for_its_user(choice: PushChoice) -> None:
    early = EarlyPushes(choice)
    assert early.take([hint(15, 10), hint(16, 9, "ann")]) == [
        DeliverEarly(("7",), b"15", "10-15"),
        DeliverEarly(("ann",), b"16", "10-16"),
    ]
    assert (early.ids, early.posted, early.late) == ({"10-15", "10-16"}, 2, 0)


def test_one_that_follows_an_early_one_is_early_and_one_behind_a_gap_is_not(choice: PushChoice) -> None:
    early = EarlyPushes(choice)
    assert numbers(early.take([hint(15, 10), hint(17, 15), hint(20, 18), hint(21, 20), hint(22, 15, "ann")])) == [
        15,
        17,
    ]
    assert early.late == 3


def test_what_the_bus_has_brought_and_what_is_for_others_is_not_posted(choice: PushChoice) -> None:
    early = EarlyPushes(choice)
    assert early.take([hint(10, 9), hint(9, 8), hint(15, 3, "nobody")]) == []
    assert numbers(early.take([hint(15, 3), hint(15, 3)])) == [15]
    choice.note(GoneUsers(("7",)))
    assert early.take([hint(18, 15)]) == []
    choice.forbid()
    assert early.take([hint(19, 3, "ann")]) == []


def test_what_the_bus_has_brought_is_forgotten(choice: PushChoice) -> None:
    early = EarlyPushes(choice)
    early.take([hint(15, 3), hint(17, 15), hint(18, 3, "ann")])
    choice.passed = "10-17"
    early.forget()
    assert early.ids == {"10-18"}
    assert numbers(early.take([hint(20, 17), hint(21, 18, "ann")])) == [20, 21]


def test_what_is_ahead_of_the_bus_is_bounded(choice: PushChoice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_pushes, "MOST_EARLY", 2)
    early = EarlyPushes(choice)
    assert numbers(early.take([hint(15, 3), hint(16, 15), hint(17, 16)])) == [15, 16]
    assert early.late == 1


class Pair:
    """A worker that keeps and tells, and one that chooses and is told, under the lease 2."""

    def __init__(self) -> None:
        self.queue = MemoryQueue(now=lambda: 1.0)
        self.queue.has_user = lambda lease, user_id: True
        self.keeper, self.desk = Desk(self.queue), Desk(self.queue)
        self.keeper.handler.tell_directly([2])
        self.desk.choose("7")
        self.late = 0
        self.desk.handler.on_late = self.count_late

    def count_late(self) -> None:
        self.late += 1

    def hear(self) -> list[object]:
        """Keep what is there, and bring the words of it to the other one. Return what that posts."""
        self.keeper.take()
        self.desk.handler.on_hints(self.queue.hints(2, START, 100, 0))
        posted, self.desk.around.posted[:] = [*self.desk.around.posted], []
        return list(posted)


@pytest.mark.parametrize("is_routed", [True, False])
def test_what_was_posted_early_is_dropped_when_the_bus_brings_it(is_routed: bool) -> None:
    pair = Pair()
    [first, last] = put(pair.queue, 7, 7, is_routed=is_routed)
    posted = [each for each in pair.hear() if isinstance(each, DeliverEarly)]
    assert [each.offset for each in posted] == [first, last]
    assert pair.desk.take() == []
    assert (pair.desk.handler.choice.passed, pair.desk.handler.early.ids) == (last, set())
    assert pair.desk.handler.choice.left == 0
    put(pair.queue, 7, is_routed=is_routed)
    assert [type(each) for each in pair.desk.take()] == [Deliver]


def test_what_must_wait_for_the_bus_says_so() -> None:
    pair = Pair()
    put(pair.queue, "*", 7)
    assert pair.hear() == []
    assert pair.late == 1
    assert [type(each) for each in pair.desk.take()] == [Deliver, Deliver]


def test_nobody_is_told_of_a_long_message_and_none_overtakes_it() -> None:
    pair = Pair()
    [short] = put(pair.queue, 7)
    pair.queue.put([encode("pushuser", "me", {"user_id": 7, "type": "n", "data": "x" * MOST_DIRECT_BYTES})])
    put(pair.queue, 7)
    assert [each.offset for each in pair.hear() if isinstance(each, DeliverEarly)] == [short]
    assert pair.late == 1
    assert [type(each) for each in pair.desk.take()] == [Deliver, Deliver]


def test_a_message_that_is_not_kept_is_not_overtaken() -> None:
    pair = Pair()
    pair.queue.put([b'{"type":"pushuser","to":"7","src":"","data":{"user_id":7,"type":"n","data":1,"keep":false}}'])
    put(pair.queue, 7)
    assert (pair.hear(), pair.late) == ([], 1)


def test_a_worker_that_begins_to_keep_keeps_what_it_has_posted_early_and_posts_it_no_more() -> None:
    pair = Pair()
    [entry] = put(pair.queue, 7)
    pair.hear()
    pair.desk.handler.keep_all()
    pair.queue._cursors.clear()
    pair.queue._kept.clear()
    assert [each for each in pair.desk.take() if isinstance(each, Deliver)] == []
    assert pair.desk.kept("user:7") == [entry]
    assert pair.desk.handler.early.ids == set()


def test_a_user_who_comes_is_answered_by_what_the_bus_has_brought() -> None:
    pair = Pair()
    put(pair.queue, 7)
    pair.hear()
    pair.desk.handler.on_users(ExpectUser("ann"))
    [answer] = pair.desk.around.posted
    assert isinstance(answer, PushesFrom)
    assert answer.offset == pair.desk.handler.choice.passed
    assert answer.offset not in pair.desk.handler.early.ids

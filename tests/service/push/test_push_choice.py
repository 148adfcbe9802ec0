"""Choice of the pushes that a worker takes: alone, and the handler with it on a queue in memory."""

from contextlib import suppress

import pytest

from rtserver.base.bridge.message import (
    Deliver,
    ExpectUser,
    GoneUsers,
    Message,
    PresentUsers,
    PushedUntil,
    PushesFrom,
    WatchUsers,
)
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Bound
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.service.message import BadData, encode
from rtserver.service.pipeline.pipeline import Pipeline
from rtserver.service.push.push_choice import PushChoice, check_route
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.push.user_streams import CURSOR, UserStreams
from rtserver.service.queue_link import QueueLink
from tests.service.bus_model import Stepped, Stop
from tests.service_fakes import Surroundings

LATER = "99999999999999-0"


def chosen(*user_ids: str) -> PushChoice:
    choice = PushChoice(lambda *messages: None)
    choice.allow()
    choice.note(PresentUsers(1, user_ids))
    return choice


def test_messages_to_users_who_are_here_and_to_everyone_are_wanted() -> None:
    choice = chosen("7", "ann")
    assert [choice.wants(to) for to in (b"7", b"ann", b"*", b"8 ann")] == [True] * 4
    assert [choice.wants(to) for to in (b"8", b"8 9", b"77")] == [False] * 3
    assert [choice.concerns(ids) for ids in ((7,), ("ann", 8), None, (8,), ())] == [True, True, True, False, False]


def test_who_comes_and_goes_changes_what_is_wanted() -> None:
    choice = chosen()
    choice.note(ExpectUser("7"))
    assert choice.wants(b"7")
    choice.note(GoneUsers(("7", "nobody")))
    assert not choice.wants(b"7")


def test_until_it_is_known_who_is_here_everything_is_wanted() -> None:
    posted: list[Message] = []
    choice = PushChoice(posted.append)
    choice.allow()
    choice.allow()
    assert posted == [WatchUsers(1)]
    assert (choice.may_begin, choice.wants(b"7"), choice.concerns((7,))) == (False, True, True)


def test_an_answer_to_an_older_question_does_not_count() -> None:
    choice = chosen("7")
    choice.forbid()
    choice.allow()
    choice.note(PresentUsers(1, ("7",)))
    assert not choice.may_begin
    choice.note(PresentUsers(2, ("8",)))
    assert choice.may_begin
    assert choice.wants(b"8")


@pytest.mark.parametrize(
    ("to", "user_ids"),
    [(b"7", (7,)), (b"7", ("7",)), (b"9 7 8", (7, 8)), (b"*", None), (b"7", ()), (b"a b", ("a b",))],
)
def test_a_route_that_names_all_users_is_right(to: bytes, user_ids: tuple[int | str, ...] | None) -> None:
    check_route(to, user_ids)


@pytest.mark.parametrize(
    ("to", "user_ids", "who"),
    [(b"8", (7,), "7"), (b"7", (7, 8), "8"), (b"7", None, "[*]")],
)
def test_a_route_that_names_others_is_refused(to: bytes, user_ids: tuple[int | str, ...] | None, who: str) -> None:
    with pytest.raises(BadData, match=f"^to does not name user {who}$"):
        check_route(to, user_ids)


class Desk:
    """One worker's handler in its pipeline, with a queue that others share."""

    def __init__(self, queue: MemoryQueue | RedisQueue) -> None:
        self.queue = queue
        self.around = Surroundings()
        link = QueueLink(lambda seconds: None)
        self.streams = UserStreams(queue, link, Bound(1000, 86_400))
        self.handler = PushUserMsgHandler(self.around.context, self.streams)
        self.pipeline = Pipeline(
            queue,
            link,
            [self.handler],
            is_congested=lambda: False,
            pause=lambda seconds: None,
            event=Stop,
        )
        self.pipeline.reader.locate()
        self.pipeline.offsets.begin()
        with suppress(Stepped):
            self.pipeline.workers[0].run()  # it is where the reader is

    def choose(self, *user_ids: str) -> None:
        """Leave the keeping to another worker; these users are here."""
        self.handler.leave_to_another()
        [watch] = [each for each in self.around.posted if isinstance(each, WatchUsers)][-1:]
        self.handler.on_users(PresentUsers(watch.watch, user_ids))
        self.around.posted.clear()

    def take(self) -> list[Message]:
        """Read what is there, handle it, and return what was posted."""
        self.pipeline.reader.read()
        with suppress(Stepped):
            self.pipeline.workers[0].run()
        posted, self.around.posted[:] = [*self.around.posted], []
        return posted

    def kept(self, stream: str) -> list[str]:
        [found] = self.queue.kept(CURSOR, [stream], START, LATER, 1000)
        return [entry.id for entry in found.entries]


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue(now=lambda: 1.0)


def put(queue: MemoryQueue | RedisQueue, *user_ids: object, is_routed: bool = True) -> list[str]:
    """Put a message for each, and return their ids on the bus."""
    before = queue.newest_id()
    raws = [encode("pushuser", "me", {"user_id": user_id, "type": "n", "data": 1}) for user_id in user_ids]
    queue.put(raws if is_routed else [raw.replace(b'"to"', b'"not"', 1) for raw in raws])
    while queue.intake(0).messages:
        pass
    return [entry.id for entry in queue.range(before, queue.newest_id(), 1000)]


@pytest.mark.parametrize("is_routed", [True, False])
def test_a_choosing_worker_pushes_what_is_for_users_who_are_here_and_keeps_nothing(
    queue: MemoryQueue, is_routed: bool
) -> None:
    desk = Desk(queue)
    desk.choose("7")
    ids = put(queue, 7, "ann", [8, 7], "*", [8, 9], is_routed=is_routed)
    posted = desk.take()
    assert [(each.user_ids, each.offset) for each in posted if isinstance(each, Deliver)] == [
        ((7,), ids[0]),
        ((8, 7), ids[2]),
        (None, ids[3]),
    ]
    assert (desk.streams.kept, desk.handler.choice.left, desk.handler.choice.passed) == (0, 2, ids[4])
    assert len(posted) == 3


def test_a_worker_that_is_to_keep_makes_up_for_what_nobody_has_kept(queue: MemoryQueue) -> None:
    desk = Desk(queue)
    desk.choose()
    missed = put(queue, 7, 8, [7, 8])
    assert desk.take() == []
    desk.handler.keep_all()
    new = put(queue, 7)
    assert [each.offset for each in desk.take() if isinstance(each, Deliver)] == new
    assert desk.kept("user:7") == [missed[0], missed[2], *new]
    assert desk.kept("user:8") == missed[1:]


def test_what_was_left_unopened_is_opened_if_its_user_has_come_before_its_turn(queue: MemoryQueue) -> None:
    desk = Desk(queue)
    desk.choose()
    [entry_id] = put(queue, 7)
    desk.pipeline.reader.read()
    desk.handler.on_users(ExpectUser("7"))
    [answer] = desk.around.posted
    assert isinstance(answer, PushesFrom)
    assert answer.user_ids == ("7",)
    assert answer.offset != entry_id  # it comes live
    desk.around.posted.clear()
    desk.pipeline.lanes[0].work()
    assert [each.offset for each in desk.around.posted if isinstance(each, Deliver)] == [entry_id]


def test_a_user_is_expected_behind_what_was_left(queue: MemoryQueue) -> None:
    desk = Desk(queue)
    desk.choose()
    [entry_id] = put(queue, 7)
    desk.take()
    desk.handler.on_users(ExpectUser("7"))
    assert desk.around.posted == [PushesFrom(("7",), entry_id)]


def test_while_messages_are_not_posted_yet_nobody_is_told_an_offset(queue: MemoryQueue) -> None:
    desk = Desk(queue)
    desk.choose("8")
    put(queue, 8)
    [entry] = queue.read(desk.streams.begins_at, 10, 0)
    desk.handler.take_late(entry)
    desk.handler.on_users(ExpectUser("7"))
    assert desk.around.posted == []
    assert desk.handler.begin_flush() is None
    assert [type(each) for each in desk.around.posted] == [Deliver, PushesFrom]


def test_who_comes_while_a_batch_is_kept_is_told_an_offset_behind_it(queue: MemoryQueue) -> None:
    desk = Desk(queue)
    [entry_id] = put(queue, 7)
    [entry] = queue.read(desk.streams.begins_at, 10, 0)
    desk.handler.take_late(entry)
    end = desk.handler.begin_flush()
    assert end is not None
    desk.handler.on_users(ExpectUser("7"))
    assert desk.around.posted == []
    end()
    assert [type(each) for each in desk.around.posted] == [Deliver, PushesFrom]
    assert desk.around.posted[-1] == PushesFrom(("7",), entry_id)


def test_while_messages_keep_coming_the_next_batch_waits_for_who_has_come(queue: MemoryQueue) -> None:
    desk = Desk(queue)
    ids = put(queue, 7, 7)
    one, other = queue.read(desk.streams.begins_at, 10, 0)
    desk.handler.take_late(one)
    end = desk.handler.begin_flush()
    assert end is not None
    desk.handler.take_late(other)
    desk.handler.on_users(ExpectUser("7"))
    end()
    assert [type(each) for each in desk.around.posted] == [Deliver]
    assert desk.handler.begin_flush() is None
    assert [type(each) for each in desk.around.posted] == [Deliver, Deliver, PushesFrom]
    assert desk.around.posted[-1] == PushesFrom(("7",), ids[-1])


def test_a_choosing_worker_says_no_offset_that_is_not_kept_yet(queue: MemoryQueue) -> None:
    desk, keeper = Desk(queue), Desk(queue)
    begun = desk.streams.begins_at
    desk.choose("7")
    [entry_id] = put(queue, 7)
    desk.take()
    desk.handler.on_done(entry_id)
    assert desk.around.posted == [PushedUntil(begun)]
    keeper.take()
    assert desk.streams.look() == entry_id
    desk.handler.on_done(entry_id)
    assert desk.around.posted == [PushedUntil(begun), PushedUntil(entry_id)]


def test_a_message_for_another_user_than_its_route_says_is_a_dead_letter_of_whoever_opens_it(
    queue: MemoryQueue,
) -> None:
    desk = Desk(queue)
    queue.put([b'{"type":"pushuser","to":"8","src":"me","data":{"user_id":7,"type":"n","data":1}}'])
    queue.intake(0)
    assert desk.take() == []
    [letter] = desk.pipeline.dead_letters.peek(10)
    assert (letter.reason, letter.detail) == ("bad_data", "to does not name user 7")

"""Keeping of pushes by one worker: a queue in memory, a lease and a clock that the test moves."""

import pytest

from rtserver.base.bridge.message import WatchUsers
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.service.push.push_keeper import KEEP_SECONDS, PATIENCE_SECONDS, PushKeeper
from rtserver.service.queue_link import QueueLink
from tests.service.push.test_push_choice import Desk, put


class Turn:
    """A lease that the test gives and takes."""

    def __init__(self) -> None:
        self.ours = self.left = False

    def is_ours(self) -> bool:
        return self.ours

    def leave(self) -> None:
        self.left = True


class Office:
    """A worker that decides, and another one that keeps when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.queue = MemoryQueue(now=lambda: 1.0)
        self.desk, self.other = Desk(self.queue), Desk(self.queue)
        self.turn = Turn()
        self.rests = 0
        self.keeper = PushKeeper(
            self.desk.handler,
            self.desk.streams,
            self.turn,
            QueueLink(lambda seconds: None),
            rest=self.rest,
            on_stop=lambda: None,
            now=lambda: self.now,
        )

    def rest(self, seconds: float) -> None:
        self.rests += 1
        self.keeper.stop()

    def look(self, seconds: float = 1.0) -> bool:
        """Look, that much later. Return whether this worker asks who is here, in order to leave the keeping."""
        self.now += seconds
        self.desk.around.posted.clear()
        self.keeper.look()
        return any(isinstance(each, WatchUsers) and each.watch for each in self.desk.around.posted)


@pytest.fixture
def office() -> Office:
    return Office()


def test_the_one_with_the_lease_keeps(office: Office) -> None:
    office.turn.ours = True
    assert not office.look()
    assert office.keeper.is_keeping


def test_another_one_leaves_it_to_that_one(office: Office) -> None:
    assert office.look()
    office.desk.choose("7")
    assert not office.keeper.is_keeping


def test_one_that_gets_the_lease_keeps_and_asks_no_longer_who_is_here(office: Office) -> None:
    office.look()
    office.desk.choose()
    office.turn.ours = True
    office.look()
    assert office.keeper.is_keeping
    assert office.desk.around.posted == [WatchUsers(0)]


def test_what_another_one_keeps_late_is_waited_for(office: Office) -> None:
    office.look()
    office.desk.choose()
    put(office.queue, 7)
    office.desk.take()
    office.look()  # it has come by
    for _ in range(2):
        office.look()
        assert not office.keeper.is_keeping
    office.other.take()
    for _ in range(5):
        office.look()
    assert not office.keeper.is_keeping


def test_what_nobody_keeps_this_worker_keeps_and_leaves_again_later(office: Office) -> None:
    office.look()
    office.desk.choose()
    [entry_id] = put(office.queue, 7)
    office.desk.take()
    office.look()
    office.look(PATIENCE_SECONDS)
    assert office.keeper.is_keeping
    office.desk.handler.on_done(entry_id)
    assert office.desk.kept("user:7") == [entry_id]
    assert not office.look(KEEP_SECONDS / 2)
    assert office.look(KEEP_SECONDS / 2)


def test_before_it_is_known_where_this_worker_begins_nothing_is_decided(office: Office) -> None:
    office.desk.streams.begins_at = ""
    office.turn.ours = True
    assert not office.look()


def test_at_the_end_another_one_may_keep_at_once(office: Office) -> None:
    office.keeper.run()
    assert (office.rests, office.turn.left) == (1, True)

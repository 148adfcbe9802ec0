"""Keeping of messages whose handler delivers once."""

from typing import Any
from unittest.mock import Mock

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, QueueAwayError
from rtserver.service.message import encode
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.once_lane import OnceInbox, OnceLane, stream_of
from rtserver.service.queue_link import QueueLink
from tests.service.pipeline.test_lane import Bus
from tests.service_fakes import Recorder


class Once(Recorder):
    delivery = "once"


class Site:
    """One worker's lane on a bus that others may share."""

    def __init__(self, queue: MemoryQueue | None = None) -> None:
        self.handler = Once()
        self.queue = queue or MemoryQueue()
        self.link = QueueLink(lambda seconds: None)
        self.inbox = OnceInbox(self.handler, self.queue, self.link)
        self.dead_letters = DeadLetters()
        self.lane = OnceLane(
            self.inbox, self.dead_letters, bound=100, signer=None, is_ending=lambda: self.link.is_ending
        )
        self.bus = Bus(self.lane)
        self.bus.queue = self.queue
        self.bus.position = self.queue.newest_id()
        self.lane.begin(self.inbox.begins_behind(self.queue), self.bus.position)

    def kept(self) -> list[bytes]:
        found = self.queue.kept(stream_of("number"), [stream_of("number")], START, f"{2**60}-0", 1000)
        return [entry.raw for entry in found[0].entries]


def test_a_message_is_kept_as_it_came_and_not_handled() -> None:
    site = Site()
    site.bus.bring(3)
    site.bus.work_off()
    assert site.kept() == [encode("number", "test", number) for number in range(3)]
    assert site.handler.calls == []
    assert site.queue.kept_until("once:number") == site.bus.position


def test_two_workers_keep_it_once() -> None:
    one = Site()
    other = Site(one.queue)
    one.bus.bring(3)
    other.bus.bring(0)
    one.bus.work_off()
    other.bus.work_off()
    assert len(one.kept()) == 3


def test_what_a_killed_worker_had_not_kept_the_next_keeps() -> None:
    killed = Site()
    killed.bus.bring(2)
    assert killed.kept() == []
    again = Site(killed.queue)
    again.bus.work_off()
    assert len(again.kept()) == 2


def test_what_was_on_the_bus_before_the_first_start_is_not_work() -> None:
    queue = MemoryQueue()
    queue.put([encode("number", "test", 1)])
    queue.intake(0)
    site = Site(queue)
    site.bus.work_off()
    assert site.kept() == []


def test_on_an_empty_bus_work_begins_with_its_first_entry_and_nothing_is_told_to_be_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue = MemoryQueue()
    handler = OnceInbox(Once(), queue, QueueLink(lambda seconds: None))
    assert handler.begins_behind(queue) == START
    site = Site(queue)
    site.bus.bring(2)
    site.bus.work_off()
    assert len(site.kept()) == 2
    assert site.lane.lost == 0
    assert "missing" not in caplog.text
    assert "too slow" not in caplog.text


def test_a_message_in_the_dead_stream_is_not_kept_with_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()
    site.bus.bring(1)
    with monkeypatch.context() as patch:
        patch.setattr(site.queue, "keep", Mock(side_effect=OverflowError("an unexpected one")))
        site.bus.work_off()
    site.bus.bring(1)
    site.bus.work_off()
    assert (len(site.dead_letters), site.kept()) == (1, [encode("number", "test", 1)])


def test_where_no_messages_come_the_cursor_moves_on_and_none_that_waits_is_passed_over() -> None:
    site = Site()
    site.bus.bring(2, "other")
    site.bus.work_off()
    site.inbox.on_done(site.lane.done_until(site.bus.position))
    assert site.queue.kept_until("once:number") == site.bus.position
    before = site.bus.position
    site.bus.bring(1)
    site.inbox.on_done(site.lane.done_until(site.bus.position))
    assert site.queue.kept_until("once:number") in (before, f"{site.bus.position.partition('-')[0]}-2")
    site.bus.work_off()
    assert len(site.kept()) == 1


def test_a_batch_that_could_not_be_kept_at_the_end_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()
    site.bus.bring(1)

    def away(*_: Any, **__: Any) -> int:
        raise QueueAwayError("memory:", "gone")

    with monkeypatch.context() as patch:
        patch.setattr(site.queue, "keep", away)
        site.link.is_ending = True
        with pytest.raises(QueueAwayError):
            site.bus.work_off()
    site.inbox.on_done(site.lane.done_until(site.bus.position))
    assert site.queue.kept_until("once:number") != site.bus.position
    again = Site(site.queue)
    again.bus.work_off()
    assert len(again.kept()) == 1

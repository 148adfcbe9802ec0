import logging

import pytest

from rtserver.base.queue.port import DeadLetter, Entry
from rtserver.service.message import Reason, Rejected
from rtserver.service.pipeline.dead_letter import DeadLetters

EMPTY = Entry("1-1", b"")


class Clock:
    """Epoch seconds that a test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_a_rejected_message_becomes_a_dead_letter_with_its_bytes() -> None:
    dead_letters = DeadLetters(Clock())
    dead_letters.add(Entry("7-1", b"\xff"), Rejected(Reason.BAD_DATA, "no point", "feed-1"), "quote")
    assert dead_letters.peek(10) == [DeadLetter(b"\xff", "bad_data", "no point", "feed-1", 1000.0, entry="7-1")]


def test_every_reason_is_counted_from_the_start() -> None:
    dead_letters = DeadLetters(Clock())
    assert dead_letters.counts == {str(reason): 0 for reason in Reason}
    dead_letters.add(EMPTY, Rejected(Reason.BAD_JSON, "empty"))
    dead_letters.add(EMPTY, Rejected(Reason.BAD_JSON, "empty"))
    assert dead_letters.counts["bad_json"] == 2
    assert sum(dead_letters.counts.values()) == 2


def test_letters_stay_until_they_are_buried() -> None:
    dead_letters = DeadLetters(Clock())
    for number in range(3):
        dead_letters.add(Entry("1-1", b"%d" % number), Rejected(Reason.BAD_JSON, ""))
    assert [letter.raw for letter in dead_letters.peek(2)] == [b"0", b"1"]
    assert len(dead_letters) == 3
    dead_letters.forget(2)
    assert [letter.raw for letter in dead_letters.peek(2)] == [b"2"]


def test_whoever_buries_them_is_woken() -> None:
    dead_letters, woken = DeadLetters(Clock()), []
    dead_letters.wake = lambda: woken.append(1)
    dead_letters.add(EMPTY, Rejected(Reason.BAD_JSON, ""))
    assert woken == [1]


def test_the_log_hears_of_a_reason_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    dead_letters = DeadLetters(clock)
    for second in (0.0, 1.0, 59.9, 60.0):
        clock.time = 1000.0 + second
        dead_letters.add(EMPTY, Rejected(Reason.BAD_JSON, f"at {second}"))
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "at 0.0" in caplog.messages[0]
    assert "at 60.0" in caplog.messages[1]
    assert "2 more like it" in caplog.messages[1]


def test_reasons_and_handlers_have_minutes_of_their_own(caplog: pytest.LogCaptureFixture) -> None:
    dead_letters = DeadLetters(Clock())
    dead_letters.add(EMPTY, Rejected(Reason.BAD_JSON, "x"))
    dead_letters.add(EMPTY, Rejected(Reason.BAD_DATA, "x"), "quote")
    dead_letters.add(EMPTY, Rejected(Reason.BAD_DATA, "x"), "pushuser")
    assert len(caplog.records) == 3


def test_a_handler_s_exception_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    rejected = Rejected(Reason.HANDLER_FAILED, "KeyError: 'a'", "me")
    rejected.__cause__ = KeyError("a")
    DeadLetters(Clock()).add(EMPTY, rejected, "quote")
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is rejected.__cause__


def test_an_endless_detail_is_cut() -> None:
    dead_letters = DeadLetters(Clock())
    dead_letters.add(EMPTY, Rejected(Reason.BAD_JSON, "x" * 10_000))
    assert len(dead_letters.peek(1)[0].detail) == 500

"""ResumeService: in which order it works, and what it answers."""

from collections.abc import Callable, Sequence

import pytest

from rtserver.base.bridge.message import Message, PushBegins, Refused, Replay, Resume, Seen
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import (
    NO_SIZE,
    Bound,
    Kept,
    KeptRange,
    KeptSpan,
    QueueAwayError,
    QueueRefusedError,
)
from rtserver.service.push.resume_service import MOST_RESUMES, ResumeService
from rtserver.service.push.user_streams import UserStreams
from rtserver.service.queue_link import QueueLink
from rtserver.service.thread.service_directory import ServiceDirectory


class Bell:
    """Counts rings. A wait that nobody will end ends the test's run of the service."""

    def __init__(self) -> None:
        self.is_set = False
        self.on_wait: Callable[[], object] = lambda: None

    def set(self) -> None:
        self.is_set = True

    def clear(self) -> None:
        self.is_set = False

    def wait(self) -> None:
        self.on_wait()
        assert self.is_set, "nobody rings"


class Queue(MemoryQueue):
    """Notes what is asked of it; raises ``error`` where it is asked what a user has seen."""

    def __init__(self) -> None:
        super().__init__(now=lambda: 0.01)
        self.calls: list[object] = []
        self.trips: list[int] = []
        self.error: Exception | None = None

    def seen(self, user_id: str) -> str:
        self.calls.append(user_id)
        if self.error is not None:
            raise self.error
        return super().seen(user_id)

    def kept_together(
        self, cursor: str, spans: Sequence[KeptSpan], count: int, *, size: int = NO_SIZE
    ) -> list[list[KeptRange]]:
        self.trips.append(len(spans))
        return super().kept_together(cursor, spans, count, size=size)

    def see(self, seen: dict[str, str], seconds: int) -> None:  # type: ignore[override]
        self.calls.append(seen)
        before = len(self.calls)
        super().see(seen, seconds)
        del self.calls[before:]


class Office:
    def __init__(self) -> None:
        self.queue = Queue()
        self.link = QueueLink(lambda seconds: None)
        self.streams = UserStreams(self.queue, self.link, Bound(1000, 3600))
        self.streams.begin()
        self.streams.keep("10-3", [Kept("user:7", f"10-{number}", b"%d" % number) for number in (1, 2, 3)])
        self.bell = Bell()
        self.posted: list[Message] = []
        self.resumes = ResumeService(self.streams, self.posted.append, self.bell)

    def serve(self, *messages: Resume | Seen) -> list[Message]:
        """Return the messages posted for them, the beginning left out."""
        for message in messages:
            self.resumes.add(message)
        self.resumes.finish()
        self.resumes.run()
        begins, *answers = self.posted
        assert begins == PushBegins(self.streams.begins_at)
        return answers


@pytest.fixture
def office() -> Office:
    return Office()


def test_it_says_first_where_pushes_begin(office: Office) -> None:
    assert office.serve() == []


def test_a_question_is_answered_with_the_messages_and_how_far_they_reach(office: Office) -> None:
    assert office.serve(Resume(4, 9, "7", "10-1", "10-3")) == [
        Replay(4, 9, (b"2", b"3"), "10-3", "10-3", is_all=True, oldest="10-2")
    ]


def test_a_question_without_an_end_is_about_what_was_kept_before_this_worker_began(office: Office) -> None:
    begins_at = office.streams.begins_at
    assert office.serve(Resume(4, 9, "7", "10-0", None)) == [
        Replay(4, 9, (), "10-0", begins_at, is_all=True, oldest=None)
    ]


def test_what_is_gone_is_said(office: Office) -> None:
    [answer] = office.serve(Resume(4, 9, "7", "10-8", "10-9"))
    assert isinstance(answer, Replay)
    assert (answer.messages, answer.gone) == ((), "unknown")


def test_what_was_seen_is_noted_before_the_next_question_is_answered(office: Office) -> None:
    [answer] = office.serve(Seen((("7", "10-2"),)), Resume(4, 9, "7", None, "10-3"))
    assert isinstance(answer, Replay)
    assert answer.messages == (b"3",)


def test_notes_that_wait_together_are_written_together_and_in_their_turn(office: Office) -> None:
    office.serve(
        Seen((("7", "10-1"), ("8", "10-1"))),
        Seen((("7", "10-2"),)),
        Resume(4, 9, "7", None, "10-3"),
        Seen((("9", "10-3"),)),
    )
    assert office.queue.calls == [{"7": "10-2", "8": "10-1"}, "7", {"9": "10-3"}]


def test_pages_that_come_back_together_are_answered_together_and_in_their_turn(office: Office) -> None:
    pages = [Resume(agent, 1, "7", "10-1", "10-3") for agent in range(MOST_RESUMES + 2)]
    answers = office.serve(*pages, Seen((("7", "10-3"),)), Resume(99, 1, "7", None, "10-3"))
    assert [answer.agent for answer in answers if isinstance(answer, Replay)] == [*range(MOST_RESUMES + 2), 99]
    assert office.queue.trips == [MOST_RESUMES, 2, 1]


def test_a_queue_that_refuses_costs_the_question_and_not_those_behind_it(office: Office) -> None:
    office.queue.error = QueueRefusedError("memory:", "WRONGTYPE")
    answers = office.serve(Resume(4, 9, "7", None, "10-3"), Resume(5, 1, "7", "10-2", "10-3"))
    assert answers[0] == Refused(4, 9, "internal", "what was kept cannot be read")
    assert isinstance(answers[1], Replay)


def test_a_bug_costs_the_question_and_not_the_service(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.queue.error = KeyError("a bug")
    answers = office.serve(Resume(4, 9, "7", None, "10-3"), Resume(5, 1, "7", "10-2", "10-3"))
    assert [type(answer) for answer in answers] == [Refused, Replay]
    assert "a bug" in caplog.text


def test_an_outage_is_waited_for(office: Office) -> None:
    office.queue.error = QueueAwayError("memory:", "gone")
    attempts = []

    def pause(seconds: float) -> None:
        attempts.append(seconds)
        if len(attempts) == 3:
            office.queue.error = None

    office.link._pause = pause
    [answer] = office.serve(Resume(4, 9, "7", None, "10-3"))
    assert isinstance(answer, Replay)
    assert len(attempts) == 3


def test_at_the_end_an_outage_is_not_waited_for(office: Office) -> None:
    office.link.is_ending = True
    office.queue.error = QueueAwayError("memory:", "gone")
    with pytest.raises(QueueAwayError):
        office.serve(Resume(4, 9, "7", None, "10-3"))


def test_it_sleeps_until_something_comes(office: Office) -> None:
    def come() -> None:
        if len(office.posted) == 1:
            office.resumes.add(Resume(4, 9, "7", "10-1", "10-3"))
        else:
            office.resumes.finish()

    office.bell.on_wait = come
    office.resumes.run()
    assert [type(message) for message in office.posted] == [PushBegins, Replay]


def test_the_directory_gives_the_resume_service_what_is_meant_for_it(office: Office) -> None:
    directory = ServiceDirectory({}, office.posted.append, office.resumes)
    directory.handle(Seen((("7", "10-1"),)))
    directory.handle(Resume(4, 9, "7", "10-1", "10-3"))
    assert len(office.resumes) == 2

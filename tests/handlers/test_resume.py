"""``resume``: what is asked of the services, in which portions, and what the client is told."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import (
    Deliver,
    Message,
    PushBegins,
    PushesLost,
    Refused,
    Replay,
    Resume,
    Seen,
    Subscribe,
)
from rtserver.handlers.resume import ResumeMsgHandler
from rtserver.user.user_agent import SubscriptionOwner, UserAgent
from tests.user_side import Client, Online


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Setting(Online):
    """A server on which pushes begin behind 10-9, its handler, and one client of user 7."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.handler: ResumeMsgHandler
        super().__init__(self._make)
        self.users.handle(PushBegins("10-9"))
        self.client = self.connect(7)

    def _make(self, users: Any) -> ResumeMsgHandler:
        self.handler = ResumeMsgHandler(users, clock=self.clock)
        return self.handler

    def question(self) -> Resume:
        """The one question that was posted since the last look."""
        [question] = [message for message in self.take_posted() if not isinstance(message, Seen)]
        assert isinstance(question, Resume)
        return question

    def answer(
        self, question: Resume, numbers: Sequence[int], *, is_all: bool = True, gone: str | None = None
    ) -> None:
        messages = tuple(b'{"type":"n","data":%d,"offset":"10-%d"}' % (n, n) for n in numbers)
        after = f"10-{numbers[-1]}" if numbers else question.after or "10-9"
        oldest = f"10-{numbers[0]}" if numbers else None
        until = question.until or "10-9"
        self.users.handle(Replay(question.agent, question.ref, messages, after, until, is_all, oldest, gone))


@pytest.fixture
def setting() -> Setting:
    return Setting()


def resume(client: Client, offset: str | None = "10-3", **more: Any) -> list[dict[str, Any]]:
    return client.ask("resume", {"offset": offset}, **more)


def pushed(number: int) -> dict[str, Any]:
    return {"type": "n", "data": number, "offset": f"10-{number}"}


def test_what_was_missed_is_asked_for_up_to_where_live_messages_begin(setting: Setting) -> None:
    assert resume(setting.client) == []
    question = setting.question()
    agent = setting.client.agent
    assert question == Resume(agent.id, question.ref, "7", "10-3", "10-9")
    setting.answer(question, [4, 6])
    assert setting.client.wire.take() == [pushed(4), pushed(6), {"type": "resumed", "data": {"count": 2}}]


def test_a_request_with_an_id_is_answered_with_it(setting: Setting) -> None:
    resume(setting.client, id="r1")
    setting.answer(setting.question(), [])
    assert setting.client.wire.take() == [{"type": "resumed", "data": {"count": 0}, "id": "r1"}]


def test_live_messages_come_meanwhile_and_are_not_asked_for(setting: Setting) -> None:
    resume(setting.client)
    question = setting.question()
    setting.users.handle(Deliver((7,), json.dumps(pushed(12)).encode(), "10-12"))
    assert setting.client.wire.take() == [pushed(12)]
    setting.answer(question, [4])
    assert question.until == "10-9"


def test_a_new_page_asks_for_what_no_page_of_the_user_has_got(setting: Setting) -> None:
    resume(setting.client, None)
    assert setting.question().after is None


def test_what_other_pages_have_seen_is_noted_before_a_new_page_asks(setting: Setting) -> None:
    resume(setting.client)
    setting.answer(setting.question(), [])
    setting.users.seen_offsets.on_push("10-12")
    setting.users.seen_offsets.on_seen(setting.client.agent, "10-12")
    new_page = setting.connect(7)
    resume(new_page, None)
    told, question = setting.take_posted()
    assert told == Seen((("7", "10-12"),))
    assert isinstance(question, Resume)


def test_before_the_beginning_is_known_the_service_says_what_the_end_is() -> None:
    online = Online(ResumeMsgHandler)
    client = online.connect(7)
    resume(client)
    [question] = online.take_posted()
    assert isinstance(question, Resume)
    assert question.until is None
    online.users.handle(Replay(question.agent, question.ref, (b"{}",), "10-4", "10-5", is_all=False))
    [further] = online.take_posted()
    assert isinstance(further, Resume)
    assert (further.after, further.until) == ("10-4", "10-5")


def test_portion_after_portion_is_asked_for_and_counted_together(setting: Setting) -> None:
    resume(setting.client)
    setting.answer(setting.question(), [4, 5], is_all=False)
    further = setting.question()
    assert (further.after, further.until) == ("10-5", "10-9")
    setting.answer(further, [6])
    assert setting.client.wire.take() == [*map(pushed, (4, 5, 6)), {"type": "resumed", "data": {"count": 3}}]


def test_a_client_that_lags_is_sent_no_more_until_it_has_caught_up(setting: Setting) -> None:
    resume(setting.client)
    question = setting.question()
    setting.users.on_lag(setting.client.agent, True)
    setting.answer(question, [4], is_all=False)
    assert setting.take_posted() == []
    setting.users.on_lag(setting.client.agent, False)
    assert setting.question().after == "10-4"


class Owner:
    def on_snapshot(self, snapshot: Any) -> None: ...

    def on_refused(self, refused: Any) -> None: ...


def subscribe(agent: UserAgent) -> None:
    owner: SubscriptionOwner = Owner()
    agent.subscribe(owner, "quotes", {})


def test_portions_and_pictures_take_turns(setting: Setting) -> None:
    resume(setting.client)
    question = setting.question()
    subscribe(setting.client.agent)
    assert setting.take_posted() == []
    setting.answer(question, [4], is_all=False)
    [picture] = setting.take_posted()
    assert isinstance(picture, Subscribe)
    setting.users.handle(Refused(picture.agent, picture.ref, "bad_request", ""))
    assert setting.question().after == "10-4"


@pytest.mark.parametrize("gone", ["trimmed", "expired", "unknown"])
def test_a_loss_is_said_with_what_is_still_there(setting: Setting, gone: str) -> None:
    resume(setting.client, id=3)
    setting.answer(setting.question(), [5, 6], gone=gone)
    lost = {"count": 2, "offset": "10-5", "reason": gone}
    assert setting.client.wire.take() == [pushed(5), pushed(6), {"type": "resume_lost", "data": lost, "id": 3}]


def test_a_loss_between_two_portions_is_a_loss(setting: Setting) -> None:
    resume(setting.client)
    setting.answer(setting.question(), [4], is_all=False)
    setting.answer(setting.question(), [], gone="trimmed")
    assert setting.client.wire.take()[-1] == {
        "type": "resume_lost",
        "data": {"count": 1, "offset": "10-4", "reason": "trimmed"},
    }


def test_a_loss_of_everything_has_no_offset_to_go_on_from(setting: Setting) -> None:
    resume(setting.client, "99-1")
    setting.answer(setting.question(), [], gone="unknown")
    [lost] = setting.client.wire.take()
    assert lost["data"] == {"count": 0, "offset": None, "reason": "unknown"}


def test_a_service_that_cannot_read_is_an_error_and_the_client_may_ask_again(setting: Setting) -> None:
    resume(setting.client, id=1)
    question = setting.question()
    setting.users.handle(Refused(question.agent, question.ref, "internal", "what was kept cannot be read"))
    [error] = setting.client.wire.take()
    assert (error["type"], error["data"]["code"], error["id"]) == ("error", "internal", 1)
    setting.clock.now += 1
    assert resume(setting.client) == []
    assert setting.question().after == "10-3"


def test_a_second_resume_while_one_is_under_way_is_refused(setting: Setting) -> None:
    resume(setting.client)
    setting.clock.now += 60
    [error] = resume(setting.client, id=2)
    assert (error["data"]["code"], error["data"]["type"], error["id"]) == ("rate_limited", "resume", 2)
    setting.answer(setting.question(), [4])
    assert setting.client.wire.take()[-1]["type"] == "resumed"


def test_one_resume_after_the_other_comes_at_a_measured_pace(setting: Setting) -> None:
    resume(setting.client)
    setting.answer(setting.question(), [])
    setting.client.wire.take()
    [error] = resume(setting.client)
    assert error["data"]["code"] == "rate_limited"
    setting.clock.now += 1
    assert resume(setting.client) == []


MISSED = {"type": "resume_lost", "data": {"count": 0, "offset": None, "reason": "missed"}}


def test_who_is_there_is_told_at_once_when_live_messages_are_lost(setting: Setting) -> None:
    resume(setting.client)
    setting.answer(setting.question(), [])
    setting.client.wire.take()
    setting.users.handle(PushesLost("10-12"))
    assert setting.client.wire.take() == [MISSED]
    assert setting.handler.lost == 1
    assert setting.connect(7).agent.live_from == "10-12"


def test_who_is_just_resuming_is_told_at_the_end_of_it_and_once(setting: Setting) -> None:
    newcomer = setting.connect(7)
    resume(setting.client)
    setting.users.handle(PushesLost("10-12"))
    setting.answer(setting.question(), [4])
    resume(newcomer)
    setting.answer(setting.question(), [4])
    for client in (setting.client, newcomer):
        *_, end = client.wire.take()
        assert end == {"type": "resume_lost", "data": {"count": 1, "offset": "10-4", "reason": "missed"}}
    assert setting.handler.lost == 2
    setting.clock.now += 1
    resume(setting.client)
    setting.answer(setting.question(), [])
    assert setting.client.wire.take() == [{"type": "resumed", "data": {"count": 0}}]


def test_who_comes_after_a_loss_is_not_told_of_it(setting: Setting) -> None:
    setting.users.handle(PushesLost("10-12"))
    newcomer = setting.connect(7)
    resume(newcomer)
    setting.answer(setting.question(), [])
    assert newcomer.wire.take()[-1]["type"] == "resumed"


def test_many_pages_are_told_one_after_the_other(setting: Setting) -> None:
    alarms: list[tuple[float, Callable[[], object]]] = []
    setting.handler._call_later = lambda seconds, call: alarms.append((seconds, call))
    clients = [setting.client, *(setting.connect(7) for _ in range(2))]
    for client in clients:
        resume(client)
        setting.answer(setting.question(), [])
        client.wire.take()
    setting.users.handle(PushesLost("10-12"))
    assert [seconds for seconds, _ in alarms] == [0, 0.01, 0.02]
    clients[1].leave()
    for _, call in alarms:
        call()
    assert [client.wire.take() for client in clients] == [[MISSED], [], [MISSED]]


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"offset": 5},
        {"offset": ""},
        {"offset": "10"},
        {"offset": "10-"},
        {"offset": "-1"},
        {"offset": "10-3 "},
        {"offset": "10-3\n"},
        {"offset": "+"},
        {"offset": "\u0661-\u0662"},
        {"offset": "10-99999999999999999999"},
    ],
)
def test_what_is_no_offset_is_a_bad_request(setting: Setting, data: Any) -> None:
    [error] = setting.client.ask("resume", data)
    assert error["data"]["code"] == "bad_request"
    assert setting.take_posted() == []


def test_an_answer_for_one_who_has_left_goes_nowhere(setting: Setting) -> None:
    resume(setting.client)
    question = setting.question()
    setting.client.leave()
    setting.answer(question, [4])
    assert setting.client.wire.take() == []
    assert setting.handler.resumes == 0


def test_a_resume_that_the_servers_end_cuts_short_fails_nowhere(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    resume(setting.client)
    question = setting.question()

    def closed(message: Message) -> None:
        raise BridgeClosedError("closed")

    setting.on_post = closed
    setting.answer(question, [4], is_all=False)
    assert setting.client.wire.take() == [pushed(4)]
    assert not caplog.records


def test_after_a_resume_the_client_is_believed_what_it_says_to_have_seen(setting: Setting) -> None:
    seen_offsets = setting.users.seen_offsets
    resume(setting.client)
    question = setting.question()
    seen_offsets.on_seen(setting.client.agent, "10-4")
    assert seen_offsets.take_seen() == ()
    setting.answer(question, [4])
    seen_offsets.on_seen(setting.client.agent, "10-4")
    assert seen_offsets.take_seen() == (("7", "10-4"),)


def test_resumes_messages_and_losses_are_counted(setting: Setting) -> None:
    resume(setting.client)
    setting.answer(setting.question(), [4, 5])
    other = setting.connect(8)
    resume(other)
    setting.answer(setting.question(), [6], gone="trimmed")
    handler = setting.handler
    assert (handler.resumes, handler.messages, handler.lost) == (2, 3, 1)


def test_nothing_outlives_the_connection(setting: Setting) -> None:
    resume(setting.client)
    setting.client.leave()
    assert setting.handler._next == {}
    assert setting.client.agent.modules == {}


def test_a_message_that_was_kept_under_larger_limits_is_left_out_and_the_client_is_told(setting: Setting) -> None:
    largest = setting.users.sizes.largest
    resume(setting.client)
    question = setting.question()
    too_long = b'{"type":"n","data":"%b","offset":"10-4"}' % (b"x" * largest)
    fitting = b'{"type":"n","data":5,"offset":"10-5"}'
    setting.users.handle(
        Replay(question.agent, question.ref, (too_long, fitting), "10-9", "10-9", True, "10-4", None)
    )
    lost = {"type": "resume_lost", "data": {"count": 1, "offset": "10-4", "reason": "too_large"}}
    assert setting.client.wire.take() == [pushed(5), lost]

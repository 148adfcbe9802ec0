"""Handlers of user messages: what reaches them, what becomes of their answers and of their errors."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Never

import msgspec
import pytest

from rtserver.user.handler_table import DuplicateHandlerError
from rtserver.user.msg_handler import BaseUserMsgHandler, Data, RequestError
from rtserver.user.user_agent import UserAgent
from rtserver.user.user_manager import UserManager
from tests.user_side import Online


class Add(msgspec.Struct):
    left: int
    right: int = 1


class AddHandler(BaseUserMsgHandler):
    msg_type = "add"
    request = Add

    def on_useragent_msg(self, agent: UserAgent, data: Data) -> int:
        return data.left + data.right


class EchoHandler(BaseUserMsgHandler):
    msg_type = "echo"

    def on_useragent_msg(self, agent: UserAgent, data: Data) -> Data:
        return data


class FailingHandler(BaseUserMsgHandler):
    """Raises whatever was put into ``error``, in each of its methods that is named in ``where``."""

    msg_type = "fail"
    error: Exception = ZeroDivisionError("division by zero")
    where = ("msg",)

    def on_useragent_open(self, agent: UserAgent) -> None:
        self._maybe_raise("open")

    def on_useragent_msg(self, agent: UserAgent, data: Data) -> None:
        self._maybe_raise("msg")

    def on_useragent_remove(self, agent: UserAgent) -> None:
        self._maybe_raise("remove")

    def _maybe_raise(self, where: str) -> None:
        if where in self.where:
            raise self.error


def failing(error: BaseException = FailingHandler.error, *where: str) -> type[FailingHandler]:
    return type("Failing", (FailingHandler,), {"error": error, "where": where or ("msg",)})


class GatedHandler(BaseUserMsgHandler):
    """Waits, wherever it is called, until the gate of that call is opened."""

    msg_type = "gate"
    waits_at: tuple[str, ...] = ("msg",)

    def __init__(self, users: UserManager) -> None:
        super().__init__(users)
        self.gate = asyncio.Event()
        self.story: list[str] = []

    async def on_useragent_open(self, agent: UserAgent) -> None:
        await self._pass("open")

    async def on_useragent_msg(self, agent: UserAgent, data: Data) -> int:
        await self._pass("msg")
        return data

    async def on_useragent_remove(self, agent: UserAgent) -> None:
        await self._pass("remove")

    async def _pass(self, where: str) -> None:
        self.story.append(f"{where} begins")
        if where in self.waits_at:
            await self.gate.wait()
        self.story.append(f"{where} ends")


def gated(*waits_at: str) -> type[GatedHandler]:
    return type("Gated", (GatedHandler,), {"waits_at": waits_at})


class Diary(BaseUserMsgHandler):
    """Notes what it is told, in a list that it shares with others."""

    msg_type = "diary"
    entries: list[str]

    def on_useragent_open(self, agent: UserAgent) -> None:
        self.entries.append(f"{self.msg_type} open")

    def on_useragent_remove(self, agent: UserAgent) -> None:
        self.entries.append(f"{self.msg_type} remove")


def error_of(messages: list[dict[str, Any]]) -> tuple[str, str | None, int | None]:
    [message] = messages
    assert message["type"] == "error"
    return message["data"]["code"], message["data"]["type"], message.get("id")


def test_data_arrives_in_the_handlers_shape_and_the_answer_under_its_type_and_id() -> None:
    client = Online(AddHandler).connect()
    assert client.ask("add", {"left": 2, "right": 3}, id="q") == [{"type": "add", "data": 5, "id": "q"}]
    assert client.ask("add", {"left": 2}) == [{"type": "add", "data": 3}]


def test_data_of_another_shape_never_reaches_the_handler() -> None:
    client = Online(AddHandler).connect()
    assert error_of(client.ask("add", {"left": "2"}, id=1)) == ("bad_request", "add", 1)
    assert error_of(client.ask("add")) == ("bad_request", "add", None)


def test_none_is_no_answer_but_everything_else_is() -> None:
    client = Online(EchoHandler).connect()
    assert client.ask("echo", None) == []
    falsies: tuple[object, ...] = (0, "", [], {}, False)
    for falsy in falsies:
        assert client.ask("echo", falsy) == [{"type": "echo", "data": falsy}]


def test_an_unknown_type_is_an_error_with_the_messages_id() -> None:
    client = Online(AddHandler).connect()
    assert error_of(client.ask("sub", id=4)) == ("unknown_type", "sub", 4)


@pytest.mark.parametrize("name", ["__init__", "on_useragent_msg", "users", "error", "userinfo"])
def test_a_type_from_the_wire_is_looked_up_in_the_table_and_nowhere_else(name: str) -> None:
    client = Online(AddHandler).connect()
    assert error_of(client.ask(name)) == ("unknown_type", name, None)


@pytest.mark.parametrize(
    ("payload", "code"), [(b"{", "bad_json"), (b"[]", "bad_message"), (b'{"type":"echo","data":"\xff"}', "bad_json")]
)
def test_bad_input_is_answered_and_the_next_message_handled(payload: bytes, code: str) -> None:
    client = Online(EchoHandler).connect()
    client.send_raw(payload)
    assert error_of(client.wire.take())[0] == code
    assert client.ask("echo", 1) == [{"type": "echo", "data": 1}]
    assert client.wire.is_open


def test_a_handler_that_raises_costs_its_message_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    online = Online(failing(), EchoHandler)
    client = online.connect()
    assert error_of(client.ask("fail", id=9)) == ("internal", "fail", 9)
    assert "ZeroDivisionError: division by zero" in caplog.text
    assert client.ask("echo", 1) == [{"type": "echo", "data": 1}]
    assert online.users.table.failures == 1


ESCAPES = [
    SystemExit(0),
    KeyboardInterrupt(),
    asyncio.CancelledError(),
    GeneratorExit(),
    RecursionError(),
    MemoryError(),
]
escapes = pytest.mark.parametrize("error", ESCAPES, ids=lambda error: type(error).__name__)


@escapes
def test_whatever_a_handler_raises_costs_its_message(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    client = Online(failing(error), EchoHandler).connect()
    assert error_of(client.ask("fail", id=9)) == ("internal", "fail", 9)
    assert client.ask("echo", 1) == [{"type": "echo", "data": 1}]
    assert f"{type(error).__name__}" in caplog.text


@escapes
@pytest.mark.parametrize("where", ["open", "change", "remove"])
@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "later"])
def test_whatever_a_hook_raises_the_others_are_told(error: BaseException, where: str, is_late: bool) -> None:
    class Bad(EchoHandler):
        msg_type = "bad"

        def on_useragent_open(self, agent: UserAgent) -> Awaitable[object] | None:
            return self._at("open")

        def on_useragent_change(self, agent: UserAgent) -> Awaitable[object] | None:
            return self._at("change")

        def on_useragent_remove(self, agent: UserAgent) -> Awaitable[object] | None:
            return self._at("remove")

        def _at(self, place: str) -> Awaitable[object] | None:
            if place == where and is_late:
                return self._fail()
            if place == where:
                raise error
            return None

        async def _fail(self) -> None:
            await asyncio.sleep(0)
            raise error

    async def scenario() -> tuple[list[str], int]:
        entries: list[str] = []
        kinds = [type(name, (Diary,), {"msg_type": name, "entries": entries}) for name in ("a", "b")]
        online = Online(kinds[0], Bad, kinds[1])
        client = online.connect()
        pending = client.send("a")
        if pending is not None:
            await pending
        change = online.users.table.change(client.agent)
        if change is not None:
            await change
        client.leave()
        await asyncio.wait_for(online.users.wait_removed(), 10)
        return sorted(entries), online.users.table.failures

    told, failures = asyncio.run(scenario())
    assert {"a open", "b open", "a remove", "b remove"} <= set(told)
    assert failures == 1


@escapes
def test_whatever_an_async_handler_raises_costs_its_message(error: BaseException) -> None:
    class Late(BaseUserMsgHandler):
        msg_type = "late"

        async def on_useragent_msg(self, agent: UserAgent, data: Data) -> None:
            await asyncio.sleep(0)
            raise error

    async def scenario() -> list[dict[str, Any]]:
        client = Online(Late).connect()
        await client.send("late", 0, id=1)
        return client.wire.take()

    assert error_of(asyncio.run(scenario())) == ("internal", "late", 1)


def test_a_message_whose_task_is_cancelled_is_answered_by_nobody() -> None:
    async def scenario() -> tuple[bool, list[dict[str, Any]], int]:
        online = Online(gated("msg"))
        client = online.connect()
        task = asyncio.ensure_future(client.send("gate"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled(), client.wire.take(), online.users.table.failures

    assert asyncio.run(scenario()) == (True, [], 0)


def test_what_went_wrong_inside_is_not_told_to_the_client() -> None:
    client = Online(failing(ValueError("password is hunter2"))).connect()
    client.send("fail")
    assert b"hunter2" not in client.wire.frames[0][0]


@pytest.mark.parametrize("code", ["bad_request", "forbidden", "rate_limited", "out_of_stock", "Nicht da: ü"])
def test_a_request_error_is_answered_with_its_code_and_is_no_failure(
    code: str, caplog: pytest.LogCaptureFixture
) -> None:
    online = Online(failing(RequestError("not today", code)))
    client = online.connect()
    [message] = client.ask("fail", id=2)
    assert message == {"type": "error", "data": {"code": code, "message": "not today", "type": "fail"}, "id": 2}
    assert online.users.table.failures == 0
    assert not caplog.records


class Unsayable:
    """A text that cannot be had."""

    def __str__(self) -> Never:
        raise SystemExit


def test_a_request_error_is_answered_whatever_its_text_is() -> None:
    for text, told in (("a\ud800b", "a?b"), (ValueError("sold out"), "sold out")):
        online = Online(failing(RequestError(text, "own\udfff")))
        assert online.connect().ask("fail", id=2) == [
            {"type": "error", "data": {"code": "own?", "message": told, "type": "fail"}, "id": 2}
        ]
        assert online.users.table.failures == 0


def test_a_request_error_whose_text_cannot_be_had_is_an_internal_error() -> None:
    online = Online(failing(RequestError(Unsayable())))
    assert error_of(online.connect().ask("fail", id=2)) == ("internal", "fail", 2)
    assert online.users.table.failures == 1


def test_a_request_error_is_a_bad_request_unless_it_says_otherwise() -> None:
    assert RequestError("no").code == "bad_request"
    assert str(RequestError("no", "teapot")) == "no (teapot)"


def test_an_answer_that_json_cannot_say_is_an_internal_error() -> None:
    class Nan(EchoHandler):
        def on_useragent_msg(self, agent: UserAgent, data: Data) -> float:
            return float("nan")

    client = Online(Nan).connect()
    assert error_of(client.ask("echo", id=1)) == ("internal", "echo", 1)


def test_two_handlers_of_one_type_stop_the_start_with_both_names() -> None:
    with pytest.raises(DuplicateHandlerError) as caught:
        Online(AddHandler, EchoHandler, type("Other", (AddHandler,), {}))
    assert "AddHandler" in str(caught.value)
    assert "Other" in str(caught.value)
    assert '"add"' in str(caught.value)


def test_every_handler_is_told_of_an_agents_end_in_reverse_order() -> None:
    entries: list[str] = []
    kinds = [type(name, (Diary,), {"msg_type": name, "entries": entries}) for name in ("a", "b")]
    online = Online(*kinds)
    online.connect().leave()
    assert entries == ["a open", "b open", "b remove", "a remove"]


@pytest.mark.parametrize("where", ["open", "remove"])
def test_a_handler_that_fails_beside_the_messages_does_not_keep_the_others_from_being_told(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    entries: list[str] = []
    diary = type("a", (Diary,), {"msg_type": "a", "entries": entries})
    last = type("b", (Diary,), {"msg_type": "b", "entries": entries})
    online = Online(diary, failing(RuntimeError("oh"), where), last)
    client = online.connect()
    assert client.ask("fail") == []
    client.leave()
    assert entries == ["a open", "b open", "b remove", "a remove"]
    assert "RuntimeError: oh" in caplog.text
    assert not online.users.agents


def test_an_async_handler_answers_like_any_other() -> None:
    async def scenario() -> list[dict[str, Any]]:
        client = Online(gated()).connect()
        await client.send("gate", 5, id="x")
        return client.wire.take()

    assert asyncio.run(scenario()) == [{"type": "gate", "data": 5, "id": "x"}]


def test_errors_of_async_handlers_are_answered_like_any_others(caplog: pytest.LogCaptureFixture) -> None:
    class Late(BaseUserMsgHandler):
        msg_type = "late"

        async def on_useragent_msg(self, agent: UserAgent, data: Data) -> Never:
            raise RequestError("no") if data else KeyError("late")

    async def scenario() -> list[dict[str, Any]]:
        client = Online(Late).connect()
        await client.send("late", 0, id=1)
        await client.send("late", 1, id=2)
        return client.wire.take()

    first, second = asyncio.run(scenario())
    assert (error_of([first]), error_of([second])) == (("internal", "late", 1), ("bad_request", "late", 2))
    assert "KeyError: 'late'" in caplog.text


def test_messages_wait_until_an_async_open_has_ended() -> None:
    async def scenario() -> tuple[list[dict[str, Any]], list[dict[str, Any]], None]:
        online = Online(gated("open"), EchoHandler)
        handler = online.users.table.handlers["gate"]
        client = online.connect()
        pending = asyncio.ensure_future(client.send("echo", 1))
        await asyncio.sleep(0)
        before = client.wire.take()
        handler.gate.set()
        await asyncio.wait_for(pending, 10)
        return before, client.wire.take(), client.send("echo", 2)

    before, after, awaited = asyncio.run(scenario())
    assert before == []
    assert after == [{"type": "echo", "data": 1}]
    assert awaited is None


def test_handlers_behind_an_async_open_are_told_after_it() -> None:
    async def scenario() -> list[str]:
        entries: list[str] = []
        diary = type("Behind", (Diary,), {"entries": entries})
        online = Online(gated("open"), diary, EchoHandler)
        client = online.connect()
        assert entries == []
        online.users.table.handlers["gate"].gate.set()
        await asyncio.wait_for(client.send("echo", 1), 10)
        return entries

    assert asyncio.run(scenario()) == ["diary open"]


def test_an_async_open_that_fails_is_logged_and_the_connection_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    class BadOpen(EchoHandler):
        async def on_useragent_open(self, agent: UserAgent) -> Never:
            raise KeyError("early")

    async def scenario() -> list[dict[str, Any]]:
        client = Online(BadOpen).connect()
        await asyncio.wait_for(client.send("echo", 1), 10)
        return client.wire.take()

    assert asyncio.run(scenario()) == [{"type": "echo", "data": 1}]
    assert "KeyError: 'early'" in caplog.text


def test_an_agent_that_leaves_during_its_open_is_removed_after_it() -> None:
    async def scenario() -> list[str]:
        online = Online(gated("open"))
        handler = online.users.table.handlers["gate"]
        client = online.connect()
        client.leave()
        assert not online.users.agents
        handler.gate.set()
        await asyncio.wait_for(online.users.wait_removed(), 10)
        return handler.story

    assert asyncio.run(scenario()) == ["open begins", "open ends", "remove begins", "remove ends"]


def test_async_remove_hooks_run_to_their_end() -> None:
    async def scenario() -> str:
        online = Online(gated("remove"))
        handler = online.users.table.handlers["gate"]
        online.connect().leave()
        handler.gate.set()
        await asyncio.wait_for(online.users.wait_removed(), 10)
        return handler.story[-1]

    assert asyncio.run(scenario()) == "remove ends"

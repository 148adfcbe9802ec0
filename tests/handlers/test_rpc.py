"""JSON messages that are calls of services: what goes out, what comes back, and who may."""

import asyncio
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from rtserver.base.bridge.message import CallFailed, ServiceBodies, SilentQueues
from rtserver.handlers.rpc import RpcMsgHandler, rpc_handler
from rtserver.rpc.failure import FAILURES
from rtserver.user.policy import Policy, Rights
from rtserver.user.rpc import rpc_gate
from rtserver.user.rpc.json_caller import JsonCaller
from tcelib.error import RPCERROR_SUCC
from tcelib.gateway.table import MOST_WAITING
from tcelib.wire.message import CALL, ONEWAY
from tests.rpc.rig import QUEUE, Services, answer_to, routes
from tests.user_side import Online

NAIL = {"name": "nail", "barcode": 7}


def long(number: int) -> bytes:
    return struct.pack(">q", number)


def text(value: str) -> bytes:
    return struct.pack(">I", len(value)) + value.encode()


def online(services: Services, policy: Policy | None = None) -> Online:
    """Users whose messages of the route's types go to ``services``."""

    def open_caller(agent: Any) -> JsonCaller:
        return JsonCaller(services.gate, agent, lambda: asyncio.get_running_loop().create_future())

    def handler(operation: Any) -> Callable[[Any], RpcMsgHandler]:
        return partial(rpc_handler(operation), operation=operation, open_caller=open_caller, part=services.gate.part)

    handlers = [handler(operation) for route in routes() for operation in route.operations]
    return Online(*handlers, rights=None if policy is None else Rights(policy))


def test_a_call_goes_to_the_queue_as_the_users_and_its_answer_comes_by_its_id() -> None:
    services = Services()
    client = online(services).connect(user_id=42)
    assert client.ask("orders.place", {"items": [NAIL]}, id="a") == []
    [posted] = services.calls
    assert (posted.queue, posted.deadline, posted.is_idempotent) == (QUEUE, 1010.0, False)
    [call] = services.take()
    assert (call.calltype, call.ifidx, call.opidx, call.paramsize) == (CALL, 60, 0, 1)
    assert call.extra.props == {"__mq_return__": "orders/mine", "__user_id__": "42"}
    assert call.paramstream == struct.pack(">I", 1) + text("nail") + long(7)
    services.answer(call, long(5))
    assert client.wire.take() == [{"type": "orders.place", "data": 5, "id": "a"}]


def test_a_number_beyond_2_to_the_53_is_a_text_both_ways() -> None:
    services = Services()
    client = online(services).connect()
    client.ask("orders.cancel", {"number": "9007199254740993"}, id=1)
    client.ask("orders.place", {"items": []}, id=2)
    first, second = services.take()
    assert first.paramstream == long(2**53 + 1)
    services.answer(second, long(-(2**53) - 1))
    assert client.wire.take() == [{"type": "orders.place", "data": "-9007199254740993", "id": 2}]


def test_answers_find_their_calls_in_any_order_and_each_its_own_connection() -> None:
    services = Services()
    users = online(services)
    pages = [users.connect(user_id=1, session_key=key) for key in "abc"]
    for number, page in enumerate(pages):
        page.ask("orders.note", {"text": "x"}, id=number)
        page.ask("orders.note", {"text": "y"}, id=number + 10)
    calls = services.take()
    for call in reversed(calls):
        services.answer(call, text(call.paramstream[4:].decode()))
    for number, page in enumerate(pages):
        assert [(each["id"], each["data"]) for each in page.wire.take()] == [(number + 10, "y"), (number, "x")]


def test_a_void_call_without_an_id_is_one_way() -> None:
    services = Services()
    client = online(services).connect()
    client.ask("orders.write", {"text": "hello"})
    client.ask("orders.write", {"text": "hello"}, id=1)
    first, _ = services.calls
    assert (first.sender, first.deadline) == (0, float("inf"))
    oneway, twoway = services.take()
    assert (oneway.calltype, twoway.calltype) == (CALL | ONEWAY, CALL)
    services.answer(twoway)
    assert client.wire.take() == [{"type": "orders.write", "data": None, "id": 1}]
    assert services.gate.waiting == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"items": [NAIL, {"name": "x"}]}, "data.items[1].barcode is missing"),
        ({"items": [{**NAIL, "barcode": 2**53}]}, "data.items[0].barcode is beyond 2^53"),
        (None, "data must be an object"),
    ],
)
def test_a_mismatch_is_a_bad_request_with_its_path_and_reaches_nobody(data: object, message: str) -> None:
    services = Services()
    [error] = online(services).connect().ask("orders.place", data, id=1)
    assert (error["type"], error["id"], error["data"]["code"]) == ("error", 1, "bad_request")
    assert error["data"]["message"].startswith(message)
    assert services.calls == []


@pytest.mark.parametrize("errcode", [*FAILURES, 7, 4711])
def test_each_error_has_a_code_and_the_number_of_tce(errcode: int) -> None:
    services = Services()
    client = online(services).connect()
    client.ask("orders.place", {"items": []}, id=1)
    services.answer(services.take()[0], errcode=errcode)
    [error] = client.wire.take()
    expected = FAILURES[errcode].code if errcode in FAILURES else "failed"
    assert (error["data"]["code"], error["data"]["errcode"], error["id"]) == (expected, errcode, 1)
    assert errcode != RPCERROR_SUCC


def test_a_call_that_nobody_answers_ends_at_its_deadline_and_a_late_answer_goes_nowhere() -> None:
    services = Services()
    client = online(services).connect()
    client.ask("orders.place", {"items": []}, id=1)
    [call] = services.take()
    services.now += 9.9
    services.gate.expire()
    assert client.wire.take() == []
    services.now += 0.2
    services.gate.expire()
    [error] = client.wire.take()
    assert (error["data"]["code"], error["id"]) == ("timeout", 1)
    client.ask("orders.place", {"items": []}, id=2)
    services.answer(call, long(1))
    assert client.wire.take() == []
    assert services.gate.state.dropped["late"] == 1


def test_the_answer_to_a_page_that_is_gone_is_for_no_other_page() -> None:
    services = Services()
    users = online(services)
    first = users.connect(user_id=1)
    first.ask("orders.place", {"items": []}, id=1)
    [call] = services.take()
    first.leave()
    second = users.connect(user_id=1)
    second.ask("orders.place", {"items": []}, id=1)
    services.answer(call, long(1))
    assert second.wire.take() == []
    services.answer(services.take()[0], long(2))
    assert [each["data"] for each in second.wire.take()] == [2]


@pytest.mark.parametrize(
    ("is_lost", "code", "errcode"), [(False, "unreachable", 101), (True, "connection_lost", 104)]
)
def test_a_call_that_its_queue_did_not_take_is_unreachable_unless_it_perhaps_did(
    is_lost: bool, code: str, errcode: int
) -> None:
    services = Services()
    client = online(services).connect()
    client.ask("orders.place", {"items": []}, id=1)
    [posted] = services.calls
    services.tell(CallFailed(posted.sender, posted.body, is_lost))
    [error] = client.wire.take()
    assert (error["data"]["code"], error["data"]["errcode"], error["id"]) == (code, errcode, 1)
    assert ("or their queue cannot be reached" in error["data"]["message"]) is not is_lost


def test_where_nobody_serves_a_call_is_refused_at_once_and_a_one_way_call_waits_in_the_queue() -> None:
    services = Services()
    client = online(services).connect()
    services.tell(SilentQueues(frozenset({QUEUE})))
    [two_way] = client.ask("orders.place", {"items": []}, id=1)
    assert (two_way["data"]["code"], two_way["id"]) == ("unreachable", 1)
    assert services.calls == []
    assert client.ask("orders.write", {"text": "x"}) == []
    assert len(services.take()) == 1
    services.tell(SilentQueues(frozenset()))
    assert client.ask("orders.place", {"items": []}, id=1) == []


class NoOrders(Policy):
    """Forbids one operation by its full name."""

    def may_call(self, user: object, operation: str) -> bool:
        return operation != "shop.Orders.place"


class NoMessages(Policy):
    """Forbids one type of messages."""

    def may_send(self, user: object, msg_type: str) -> bool:
        return msg_type != "orders.place"


@pytest.mark.parametrize("policy", [NoOrders(), NoMessages()])
def test_a_policy_may_forbid_an_operation_by_its_name_or_its_type(policy: Policy) -> None:
    services = Services()
    client = online(services, policy).connect()
    [error] = client.ask("orders.place", {"items": []}, id=1)
    assert (error["data"]["code"], services.calls) == ("forbidden", [])
    assert client.ask("orders.note", {"text": "x"}, id=1) == []


def test_a_result_that_json_cannot_say_or_that_is_of_another_type_is_told_apart_from_a_failure() -> None:
    services = Services()
    client = online(services).connect()
    client.ask("orders.place", {"items": []}, id=1)
    client.ask("orders.note", {"text": "x"}, id=2)
    first, second = services.take()
    services.answer(first, b"short")
    services.answer(second, struct.pack(">I", 1) + b"\xff")
    assert [(each["id"], each["data"]["code"]) for each in client.wire.take()] == [
        (1, "unsayable"),
        (2, "unsayable"),
    ]


def test_a_page_whose_calls_wait_in_numbers_is_read_on_when_one_is_answered() -> None:
    async def scenario() -> None:
        services = Services()
        client = online(services).connect()
        for number in range(MOST_WAITING):
            assert client.send("orders.note", {"text": "x"}, id=number) is None
        pending = client.send("orders.note", {"text": "one more"}, id="more")
        assert pending is not None
        waiting = asyncio.ensure_future(pending)
        await asyncio.sleep(0)
        assert (len(services.calls), waiting.done()) == (MOST_WAITING, False)
        calls = services.take()
        services.answer(calls[500], text("x"))
        await waiting
        assert [call.paramstream for call in services.take()] == [text("one more")]
        assert [each["id"] for each in client.wire.take()] == [500]

    asyncio.run(scenario())


def test_a_page_is_read_no_further_while_too_much_waits_for_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_gate, "PAUSE_BYTES", 1000)

    async def scenario() -> None:
        services = Services()
        client = online(services).connect()
        pending = client.send("orders.write", {"text": "x" * 2000})
        assert pending is not None
        waiting = asyncio.ensure_future(pending)
        await asyncio.sleep(0)
        assert not waiting.done()
        services.left()
        await waiting
        assert client.send("orders.write", {"text": "x"}) is None

    asyncio.run(scenario())


def test_a_page_that_leaves_while_it_waits_is_forgotten() -> None:
    async def scenario() -> None:
        services = Services()
        client = online(services).connect()
        for number in range(MOST_WAITING):
            client.send("orders.note", {"text": "x"}, id=number)
        pending = client.send("orders.note", {"text": "x"}, id="more")
        assert pending is not None
        waiting = asyncio.ensure_future(pending)
        await asyncio.sleep(0)
        client.leave()
        await waiting
        assert len(services.take()) == MOST_WAITING
        assert services.gate.waiting == 0

    asyncio.run(scenario())


def test_a_page_that_cannot_be_pushed_to_costs_no_other_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services()
    users = online(services)
    first, second = users.connect(user_id=1), users.connect(user_id=2)
    for client in (first, second):
        client.ask("orders.note", {"text": "x"}, id=1)

    def fail(*_: object) -> None:
        raise RuntimeError("a handler failed at a lag")

    monkeypatch.setattr(first.wire, "push", fail)
    services.tell(ServiceBodies(QUEUE, tuple(answer_to(call, text("y")) for call in services.take())))
    assert [each["data"] for each in second.wire.take()] == ["y"]


def test_a_forged_answer_or_a_call_of_a_service_reaches_nobody() -> None:
    services = Services()
    client = online(services).connect(user_id=1)
    client.ask("orders.place", {"items": []}, id=1)
    [call] = services.take()
    forged = answer_to(call, long(1)).replace(b"\0\0\0\x011", b"\0\0\0\x012")
    assert forged != answer_to(call, long(1))
    for body in (forged, b"", b"rubbish", bytes(21)):
        services.tell(ServiceBodies(QUEUE, (body,)))
    assert client.wire.take() == []
    services.answer(call, long(1))
    assert [each["data"] for each in client.wire.take()] == [1]

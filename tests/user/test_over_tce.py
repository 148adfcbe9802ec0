"""Binary clients as users like any other, on real sockets: over TCP, and over a WebSocket that asks for TCE."""

import asyncio
import struct
import zlib
from typing import Any, Never

import pytest

import tcelib as tce
from rtserver.base.bridge.message import CloseSession, Deliver, Kick
from rtserver.base.tce import serving_turns
from rtserver.base.wire.client_message import encode
from rtserver.user.user_agent import UserAgent
from rtserver.user.user_limits import UserBounds
from tcelib.limit.connection_rate import rates_of
from tests.tce_client import (
    CALL,
    CONNECT_REJECT,
    GATEWAY,
    ONEWAY,
    PING,
    RETURN,
    SEND,
    Packet,
    TceClient,
    packet,
    strings,
    text,
)
from tests.until import until_async
from tests.user.online_server import Running, close_all, running
from tests.websocket_client import AsyncWebSocketClient

ENVELOPE_BYTES = 14
ways = pytest.mark.parametrize("way", ["tcp", "websocket"])


def read_text(data: bytes) -> tuple[str]:
    return (data.decode(),)


def operation(name: str, opidx: int) -> tce.Operation[str]:
    return tce.Operation(
        "test.Who",
        name,
        ifidx=7,
        opidx=opidx,
        is_void=False,
        write_params=str.encode,
        read_params=read_text,
        write_result=str.encode,
        read_result=bytes.decode,
    )


class Who(tce.Servant):
    """An interface of a team's own; strings are bare bytes here."""

    INTERFACE = tce.Interface("test.Who", ifidx=7, operations=(operation("name", 0), operation("ask", 1)))

    def name(self, question: str, ctx: tce.RpcContext) -> str:
        assert isinstance(ctx.user, UserAgent)
        return f"{question} {ctx.user.user.user_id} {ctx.conn.getUserId()} {ctx.msg.user_id}"

    async def ask(self, question: str, ctx: tce.RpcContext) -> str:
        if question == "cancel me":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        if question == "in vain":
            return await ctx.conn.call(self.INTERFACE.operations[0], (question,), timeout=0.01)
        return "they say " + await ctx.conn.call(self.INTERFACE.operations[0], (question,))


def slow(turns: int) -> str:
    return f'{{"type":"slow","data":{turns}}}'


async def logged_in(server: Running, way: str, token: str = "s2") -> TceClient:
    client = await server.meet(way)
    await client.ping(token=token)
    return client


def stop_clock(server: Running) -> None:
    """Let no time pass for what clients may send: however long a test takes, nothing is earned."""
    moment = server.server.now()
    server.server.now = lambda: moment


async def answers_of(client: TceClient, calls: list[int]) -> dict[int, bytes | int]:
    """Return the result or the error of each call, in any order. Questions that servants ask are answered."""
    found: dict[int, bytes | int] = {}
    while len(found) < len(calls):
        received = await client.recv()
        if received.calltype & CALL:
            client.send(packet(RETURN, received.sequence, received.ifidx, 0, received.params + b"!"))
        else:
            found[received.sequence] = received.errcode or received.params
    return found


@ways
def test_a_user_is_greeted_answered_and_pushed_to(way: str) -> None:
    async def scenario() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        async with running() as server, await server.meet(way) as client:
            client.say('{"type":"ping","data":null,"id":1}', token="s2")
            userinfo = await client.message()
            pong = await client.message()
            server.bridge.to_users.post(Deliver((2,), encode("notice", {"text": "hé"}), None))
            return userinfo, pong, await client.message()

    userinfo, pong, notice = asyncio.run(scenario())
    assert (userinfo["type"], userinfo["data"]["user"]) == ("userinfo", {"id": 2, "name": "ann"})
    assert pong == {"type": "ping", "data": "pong", "id": 1}
    assert notice == {"type": "notice", "data": {"text": "hé"}}


@ways
@pytest.mark.parametrize("token", ["unknown", "", None])
def test_a_call_without_a_valid_token_is_answered_with_a_refusal_and_the_connection_closed(
    way: str, token: str | None
) -> None:
    async def scenario() -> tuple[Packet, list[dict[str, Any]], int | None, int]:
        async with running() as server, await server.meet(way) as client:
            answer = await client.answer(client.call(GATEWAY, PING, text("?"), token=token))
            return answer, await client.rest(), client.close_code, server.tce.shared.counts.refusals

    answer, rest, close_code, refusals = asyncio.run(scenario())
    assert (answer.errcode, answer.params, refusals) == (CONNECT_REJECT, b"", 1)
    reason = "not logged in: no valid token in the first packet"
    if way == "tcp":
        assert rest == [{"type": "closed", "data": {"code": 4001, "reason": reason}}]
    else:
        assert (rest, close_code) == ([], 4001)


@ways
def test_while_nobody_can_tell_a_token_is_refused_with_a_code_to_come_back_by(way: str) -> None:
    async def scenario() -> tuple[int, list[dict[str, Any]], int | None]:
        async with running() as server, await server.meet(way) as client:
            server.site.outage = ConnectionError("no database")
            answer = await client.answer(client.call(GATEWAY, PING, text("?"), token="s1"))
            return answer.errcode, await client.rest(), client.close_code

    errcode, rest, close_code = asyncio.run(scenario())
    assert errcode == CONNECT_REJECT
    assert 1011 in (close_code, *(message["data"]["code"] for message in rest))


@ways
def test_a_client_without_a_token_is_closed_in_time(way: str) -> None:
    async def scenario() -> tuple[list[dict[str, Any]], int | None]:
        async with running(login_seconds=0.01) as server, await server.meet(way) as client:
            return await client.rest(), client.close_code

    rest, close_code = asyncio.run(scenario())
    assert 4001 in (close_code, *(message["data"]["code"] for message in rest))


@ways
@pytest.mark.parametrize("size", [1, 13, 14, 20, 50])
def test_the_first_packet_may_come_in_pieces(way: str, size: int) -> None:
    async def scenario() -> list[str]:
        async with running() as server, await server.meet(way) as client:
            data = packet(CALL, 1, GATEWAY, PING, text("?"), {"__token__": "s2"})
            for start in range(0, len(data), size):
                client.send(data[start : start + size])
                await asyncio.sleep(0)
            return strings((await client.answer(1)).params)

    assert asyncio.run(scenario()) == ["?"]


@ways
def test_what_comes_with_the_first_packet_waits_for_the_login_and_is_served_in_order(way: str) -> None:
    async def scenario() -> list[list[str]]:
        async with running() as server, await server.meet(way) as client:
            calls = [packet(CALL, number, GATEWAY, PING, text(str(number))) for number in range(2, 500)]
            client.send(packet(CALL, 1, GATEWAY, PING, text("1"), {"__token__": "s2"}) + b"".join(calls))
            await client.message("userinfo")
            return [strings((await client.answer(number)).params) for number in range(1, 500)]

    assert asyncio.run(scenario()) == [[str(number)] for number in range(1, 500)]


@ways
def test_a_token_on_a_later_packet_changes_nothing(way: str) -> None:
    async def scenario() -> list[int | str]:
        async with running() as server, await logged_in(server, way) as client:
            await client.ping(token="s1")
            await client.ping(token="nonsense")
            return [agent.user.user_id for agent in server.users.agents.values()]

    assert asyncio.run(scenario()) == [2]


@ways
def test_the_packet_with_the_token_may_not_be_longer_than_a_user_message(way: str) -> None:
    async def scenario() -> tuple[list[dict[str, Any]], int | None]:
        async with running(max_message_bytes=1000) as server, await server.meet(way) as client:
            client.send(packet(CALL, 1, GATEWAY, SEND, bytes(1000))[:14])
            return await client.rest(), client.close_code

    rest, close_code = asyncio.run(scenario())
    assert 1003 in (close_code, *(message["data"]["code"] for message in rest))


@ways
def test_bytes_that_are_no_packets_end_the_connection(way: str) -> None:
    async def scenario() -> tuple[list[int], int]:
        async with running() as server:
            codes = []
            for client in (await server.meet(way), await logged_in(server, way)):
                async with client:
                    client.messages.clear()
                    client.send(b"GET / HTTP/1.1\r\n\r\n")
                    rest = await client.rest()
                    codes.append(client.close_code or rest[-1]["data"]["code"])
            return codes, server.tce.shared.counts.broken_streams

    assert asyncio.run(scenario()) == ([1003, 1003], 2)


@ways
def test_a_packet_over_the_limit_is_refused_at_its_header(way: str) -> None:
    async def scenario() -> int:
        async with running(max_packet_bytes=500_000) as server, await logged_in(server, way) as client:
            client.messages.clear()
            client.send(packet(CALL, 9, GATEWAY, PING, bytes(1_000_000))[:14])
            rest = await client.rest()
            return client.close_code or rest[-1]["data"]["code"]

    assert asyncio.run(scenario()) == 1003


@ways
def test_a_packet_longer_than_a_user_message_may_be_is_served(way: str) -> None:
    async def scenario() -> int:
        async with running() as server, await logged_in(server, way) as client:
            answer = await client.answer(client.call(GATEWAY, PING, text("x" * 200_000)))
            return len(strings(answer.params)[0])

    assert asyncio.run(scenario()) == 200_000


@ways
def test_a_servant_that_cancels_its_own_task_is_answered_for(way: str) -> None:
    async def scenario() -> tuple[int, str]:
        async with running(Who()) as server, await logged_in(server, way) as client:
            return (await client.answer(client.call(7, 1, b"cancel me"))).errcode, await client.ping()

    assert asyncio.run(scenario()) == (tce.RPCERROR_REMOTEMETHOD_EXCEPTION, "?")


def test_a_compressed_packet_that_is_inflated_to_too_much_costs_its_call() -> None:
    async def scenario() -> tuple[Packet, str]:
        async with running(max_packet_bytes=100_000) as server, await logged_in(server, "tcp") as client:
            body = packet(CALL, 77, GATEWAY, PING, text("x" * 200_000))[ENVELOPE_BYTES:]
            short = zlib.compress(body)
            client.send(struct.pack(">IIBBI", 0xEFD2BB99, 10 + len(short), 1, 0, 0x100) + short)
            return await client.answer(77), await client.ping()

    refused, answered = asyncio.run(scenario())
    assert refused.errcode == tce.RPCERROR_UNSERIALIZE_FAILED
    assert answered is not None


@ways
def test_a_user_message_over_its_limit_is_answered_with_an_error_and_the_connection_stays(way: str) -> None:
    async def scenario() -> tuple[str, str]:
        async with running(max_message_bytes=1000) as server, await logged_in(server, way) as client:
            client.say('{"type":"ping","data":"' + "x" * 1000 + '"}')
            error = await client.data("error")
            return error["code"], await client.ping()

    assert asyncio.run(scenario()) == ("bad_message", "?")


@ways
def test_a_code_that_a_handler_has_for_itself_reaches_a_binary_client_as_it_is(way: str) -> None:
    async def scenario() -> dict[str, Any]:
        async with running() as server, await logged_in(server, way) as client:
            client.say('{"type":"order","id":7}')
            return await client.message("error")

    error = {"code": "out_of_stock", "message": "the last one is sold", "type": "order"}
    assert asyncio.run(scenario()) == {"type": "error", "data": error, "id": 7}


@ways
def test_user_messages_are_handled_in_order_even_if_the_first_takes_longest(way: str) -> None:
    async def scenario() -> list[int | str]:
        async with running() as server, await logged_in(server, way) as client:
            texts = [slow(20), slow(5), slow(0), '{"type":"ping"}']
            client.send(b"".join(packet(ONEWAY, 0, GATEWAY, SEND, text(each)) for each in texts))
            return [(await client.message(kind))["data"] for kind in ("slow", "slow", "slow", "ping")]

    assert asyncio.run(scenario()) == [20, 5, 0, "pong"]


@ways
def test_a_two_way_message_is_answered_when_it_has_been_handled(way: str) -> None:
    async def scenario() -> None:
        async with running() as server, await logged_in(server, way) as client:
            client.messages.clear()
            for turns in (5, 1):
                answer = await client.answer(client.call(GATEWAY, SEND, text(slow(turns))))
                assert (answer.errcode, answer.params) == (0, b"")
                assert [message["data"] for message in client.messages] == [turns]
                client.messages.clear()

    asyncio.run(scenario())


@ways
def test_bad_input_is_answered_and_the_connection_stays(way: str) -> None:
    async def scenario() -> tuple[list[str], list[int], str, int]:
        async with running() as server, await logged_in(server, way) as client:
            for message in ("{", "[]", '{"type":"nothing"}'):
                client.say(message)
            codes = [(await client.data("error"))["code"] for _ in range(3)]
            bad = [await client.answer(client.call(ifidx, 0, b"\0")) for ifidx in (1234, GATEWAY)]
            return codes, [answer.errcode for answer in bad], await client.ping(), server.tce.shared.counts.failures

    codes, errors, echo, failures = asyncio.run(scenario())
    assert codes == ["bad_json", "bad_message", "unknown_type"]
    assert (errors, echo, failures) == ([4, 5], "?", 2)


@ways
def test_a_servant_knows_whose_call_it_serves(way: str) -> None:
    async def scenario() -> tuple[bytes, bytes]:
        async with running(Who()) as server, await logged_in(server, way) as client:
            call = client.call(7, 0, b"you are")
            forged = packet(CALL, 77, 7, 0, b"you are", {"__user_id__": "1"})
            first = await client.answer(call)
            client.send(forged)
            return first.params, (await client.answer(77)).params

    assert asyncio.run(scenario()) == (b"you are 2 2 2", b"you are 2 2 2")


@ways
def test_a_servant_may_call_back_and_wait_for_the_answer(way: str) -> None:
    async def scenario() -> tuple[bytes, int]:
        async with running(Who()) as server, await logged_in(server, way) as client:
            call = client.call(7, 1, b"who are you")
            question = await client.recv()
            assert (question.calltype, question.ifidx, question.params) == (CALL, 7, b"who are you")
            client.send(packet(RETURN, question.sequence, 7, 0, b"nobody"))
            answer = await client.answer(call)
            call = client.call(7, 1, b"in vain")
            await client.recv()
            return answer.params, (await client.answer(call)).errcode

    assert asyncio.run(scenario()) == (b"they say nobody", 6)


@ways
@pytest.mark.parametrize(("token", "is_taken"), [("s2", True), ("s1", False)])
def test_an_answer_may_come_on_another_connection_of_the_same_user_only(way: str, token: str, is_taken: bool) -> None:
    """As from a Java client, which opens a connection for each message."""

    async def scenario() -> tuple[bytes, int]:
        async with (
            running(Who()) as server,
            await logged_in(server, way) as client,
            await logged_in(server, way, token) as other,
        ):
            call = client.call(7, 1, b"who are you")
            question = await client.recv()
            other.send(packet(RETURN, question.sequence, 7, 0, b"somebody", {"__user_id__": "2"}))
            await other.ping()
            dropped = server.tce.shared.adapter.dropped_answers
            client.send(packet(RETURN, question.sequence, 7, 0, b"me"))
            return (await client.answer(call)).params, dropped

    answer = b"they say somebody" if is_taken else b"they say me"
    assert asyncio.run(scenario()) == (answer, int(not is_taken))


@ways
@pytest.mark.parametrize(
    "error", [SystemExit(0), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()], ids=repr
)
def test_whatever_a_servant_raises_costs_its_call(way: str, error: BaseException) -> None:
    class Raising(Who):
        def name(self, question: str, ctx: tce.RpcContext) -> Never:
            raise error

        async def ask(self, question: str, ctx: tce.RpcContext) -> Never:
            await asyncio.sleep(0)
            raise error

    async def scenario() -> list[int]:
        async with running(Raising()) as server, await logged_in(server, way) as client:
            codes = [(await client.answer(client.call(7, number, b"?"))).errcode for number in (0, 1)]
            await client.ping()
            return codes

    assert asyncio.run(scenario()) == [6, 6]


@ways
def test_while_too_many_servants_wait_nothing_more_is_read(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_turns, "MAX_RUNNING", 3)
    waiting, may_go = [], asyncio.Event()

    class Patient(Who):
        async def ask(self, question: str, ctx: tce.RpcContext) -> str:
            waiting.append(question)
            await may_go.wait()
            return question

    async def scenario() -> list[int]:
        async with (
            running(Patient()) as server,
            await logged_in(server, way) as client,
            await logged_in(server, way) as other,
        ):
            client.send(b"".join(packet(CALL, 100 + number, 7, 1, b"?") for number in range(4)))
            while len(waiting) < 4:
                await other.ping()
            client.send(packet(CALL, 200, 7, 0, b"?"))
            await other.ping()
            may_go.set()
            client.messages.clear()
            return [(await client.recv()).sequence for _ in range(5)]

    assert asyncio.run(scenario()) == [100, 101, 102, 103, 200]


@ways
def test_answers_are_read_while_too_many_servants_wait_for_them(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_turns, "MAX_RUNNING", 3)

    async def scenario() -> list[bytes | int]:
        async with running(Who()) as server, await logged_in(server, way) as client:
            calls = [client.call(7, 1, str(number).encode()) for number in range(12)]
            answers = await answers_of(client, calls)
            return [answers[call] for call in calls]

    assert asyncio.run(scenario()) == [f"they say {number}!".encode() for number in range(12)]


@ways
@pytest.mark.parametrize("kept_bytes", [0, 1 << 20])
def test_calls_behind_servants_that_all_wait_for_one_another_are_refused(
    way: str, kept_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_turns, "MAX_RUNNING", 3)
    monkeypatch.setattr(serving_turns, "KEPT_BYTES", kept_bytes)
    monkeypatch.setattr(serving_turns, "STUCK_SECONDS", 0.1)

    async def scenario() -> tuple[list[bytes | int], list[bytes | int], str]:
        async with running(Who()) as server, await logged_in(server, way) as client:
            served = [client.call(7, 1, b"?") for _ in range(4)]
            questions = [await client.recv() for _ in served]
            refused = [client.call(7, 1, b"one more") for _ in range(5)]
            codes = await answers_of(client, refused)
            for question in questions:
                client.send(packet(RETURN, question.sequence, 7, 0, b"at last"))
            return list(codes.values()), list((await answers_of(client, served)).values()), await client.ping()

    assert asyncio.run(scenario()) == ([8] * 5, [b"they say at last"] * 4, "?")


@ways
def test_calls_wait_for_servants_that_wait_for_something_else(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_turns, "MAX_RUNNING", 3)
    monkeypatch.setattr(serving_turns, "KEPT_BYTES", 0)
    monkeypatch.setattr(serving_turns, "STUCK_SECONDS", 0.0)
    waiting, may_go = [], asyncio.Event()

    class Patient(Who):
        async def ask(self, question: str, ctx: tce.RpcContext) -> str:
            waiting.append(question)
            await may_go.wait()
            return question

    async def scenario() -> tuple[int, list[bytes | int]]:
        async with (
            running(Patient()) as server,
            await logged_in(server, way) as client,
            await logged_in(server, way) as other,
        ):
            calls = [client.call(7, 1, b"?") for _ in range(4)]
            while len(waiting) < 4:
                await other.ping()
            calls += [client.call(7, 1, b"?") for _ in range(5)]
            for _ in range(20):
                await other.ping()
            served = len(waiting)
            may_go.set()
            return served, list((await answers_of(client, calls)).values())

    assert asyncio.run(scenario()) == (4, [b"?"] * 9)


@ways
def test_a_callback_that_waits_when_the_client_leaves_ends_with_it(way: str) -> None:
    async def scenario() -> int:
        async with running(Who()) as server:
            async with await logged_in(server, way) as client:
                client.call(7, 1, b"anybody")
                await client.recv()
            await server.server.wait_empty()
            return len(server.tce.shared.adapter.connections)

    assert asyncio.run(scenario()) == 0


@ways
def test_a_logout_on_the_site_closes_the_connection(way: str) -> None:
    async def scenario() -> tuple[int, dict[int, UserAgent], int]:
        async with running() as server, await logged_in(server, way, "s1") as client:
            client.messages.clear()
            server.bridge.to_users.post(CloseSession("s1"))
            rest = await client.rest()
            async with await server.meet(way) as late:
                refused = await late.answer(late.call(GATEWAY, PING, text("?"), token="s1"))
            return client.close_code or rest[-1]["data"]["code"], dict(server.users.agents), refused.errcode

    assert asyncio.run(scenario()) == (4009, {}, CONNECT_REJECT)


@ways
def test_a_kick_closes_the_connection_with_its_reason(way: str) -> None:
    async def scenario() -> tuple[list[dict[str, Any]], int | None]:
        async with running() as server, await logged_in(server, way) as client:
            client.messages.clear()
            server.bridge.to_users.post(Kick(2, "go away"))
            return await client.rest(), client.close_code

    rest, close_code = asyncio.run(scenario())
    if way == "tcp":
        assert rest == [{"type": "closed", "data": {"code": 4003, "reason": "go away"}}]
    else:
        assert (rest, close_code) == ([], 4003)


def test_with_a_cookie_a_websocket_that_asks_for_tce_needs_no_token() -> None:
    async def scenario() -> tuple[int, str]:
        cookie = {"Cookie": "sessionid=s1"}
        async with running() as server, await server.meet("websocket", headers=cookie) as client:
            userinfo = await client.data("userinfo")
            return userinfo["user"]["id"], await client.ping()

    assert asyncio.run(scenario()) == (1, "?")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/rt/", {}, 401),
        ("/rt/?tcetera", {}, 401),
        ("/rt/?tce", {"Cookie": "sessionid=unknown"}, 401),
        ("/rt/?tce", {"Origin": "http://evil.example"}, 403),
        ("/rt/?a=1&tce=", {}, 101),
    ],
)
def test_a_client_may_come_in_without_a_session_for_tce_alone(
    path: str, headers: dict[str, str], status: int
) -> None:
    async def scenario() -> int:
        async with (
            running() as server,
            await AsyncWebSocketClient.connect("127.0.0.1", server.port, path, headers) as client,
        ):
            return client.answer.status

    assert asyncio.run(scenario()) == status


def test_a_client_without_a_token_that_speaks_text_is_closed_and_a_user_is_understood() -> None:
    async def scenario() -> tuple[int, list[int], bool]:
        async with running() as server:
            async with await AsyncWebSocketClient.connect("127.0.0.1", server.port, "/rt/?tce") as client:
                client.send_text('{"type":"ping"}')
                code = (await client.recv_until_close()).close_code
            headers = {"Cookie": "sessionid=s1"}
            async with await AsyncWebSocketClient.connect("127.0.0.1", server.port, "/rt/?tce", headers) as user:
                user.send_text('{"type":"ping"}')
                frames = [await user.recv(), await user.recv()]
            return code, [frame.opcode for frame in frames], b'"pong"' in frames[1].payload

    assert asyncio.run(scenario()) == (4001, [2, 2], True)


def test_a_browser_that_is_pushed_text_may_make_calls_beside_it() -> None:
    async def scenario() -> str:
        headers = {"Cookie": "sessionid=s1"}
        async with running() as server, await TceClient.over_websocket(server.port, "/rt/", headers) as client:
            with pytest.raises(AssertionError, match="userinfo"):
                await client.recv()  # a text frame
            return await client.ping()

    assert asyncio.run(scenario()) == "?"


def test_kinds_of_connections_and_their_messages_are_counted() -> None:
    async def scenario() -> tuple[dict[str, int], int, int]:
        async with running() as server:
            async with (
                await logged_in(server, "tcp") as tcp,
                await logged_in(server, "websocket"),
                await server.connect("s1"),
            ):
                await tcp.ping()
                found = dict(server.server.kinds), server.tce.shared.messages
            await server.server.wait_empty()
            return *found, server.tce.shared.messages

    kinds = {"tce": 1, "tce, websocket": 1, "websocket": 1}
    assert asyncio.run(scenario()) == (kinds, 3, 3)


@ways
def test_a_user_with_too_many_connections_is_told_4129(way: str) -> None:
    async def scenario() -> tuple[Packet, list[dict[str, Any]], int | None, int]:
        one = running(bounds=UserBounds(connections=1))
        async with one as server, await logged_in(server, way), await server.meet(way) as client:
            answer = await client.answer(client.call(GATEWAY, PING, text("?"), token="s2"))
            rest = await client.rest()
            async with await logged_in(server, way, "s1"):
                pass
            return answer, rest, client.close_code, server.users.limits.counted.counts["connections_per_user"]

    answer, rest, close_code, count = asyncio.run(scenario())
    assert (answer.errcode, count) == (CONNECT_REJECT, 1)
    reason = "1 connections of this user are open, which is the limit"
    if way == "tcp":
        assert rest == [{"type": "closed", "data": {"code": 4129, "reason": reason}}]
    else:
        assert close_code == 4129


@ways
def test_calls_too_many_are_all_answered_but_read_more_slowly(way: str) -> None:
    async def scenario() -> tuple[list[int], dict[str, int]]:
        async with running(rates=rates_of(200, 0)) as server, await logged_in(server, way) as client:
            stop_clock(server)
            calls = [client.call(GATEWAY, PING, text("?")) for _ in range(2_010)]
            answers = [(await client.answer(sequence)).errcode for sequence in calls]
            async with await logged_in(server, way, "s1"):
                return answers, server.server.admission.counted.counts

    answers, counts = asyncio.run(scenario())
    assert answers == [0] * 2_010
    assert counts["calls"] >= 1
    assert counts["flood"] == counts["messages"] == 0


def test_bytes_too_many_are_read_more_slowly_over_tcp() -> None:
    async def scenario() -> tuple[list[int], dict[str, int]]:
        async with running(rates=rates_of(0, 100_000)) as server, await logged_in(server, "tcp") as client:
            stop_clock(server)
            calls = [client.call(GATEWAY, PING, text("x" * 50_000)) for _ in range(21)]
            answers = [(await client.answer(sequence)).errcode for sequence in calls]
            return answers, server.server.admission.counted.counts

    answers, counts = asyncio.run(scenario())
    assert answers == [0] * 21
    assert counts["bytes"] >= 1


def test_a_client_that_is_read_slowly_may_leave_meanwhile() -> None:
    async def scenario() -> tuple[int, int]:
        async with running(rates=rates_of(1, 0)) as server:
            async with await logged_in(server, "tcp") as client:
                for _ in range(500):
                    client.call(GATEWAY, PING, text("?"))
                await until_async(lambda: server.server.admission.counted.counts["calls"])
            close_all(server.users)
            await server.server.wait_closed(0.0)
            return len(server.server), len(server.server.wheel)

    assert asyncio.run(scenario()) == (0, 0)


class Library(tce.Servant):
    """Answers a short question at length."""

    INTERFACE = tce.Interface("test.Library", ifidx=7, operations=(operation("name", 0),))

    def name(self, question: str, ctx: tce.RpcContext) -> str:
        return question + "x" * 200_000


@ways
def test_many_short_calls_with_long_answers_close_nobody_who_reads(way: str) -> None:
    limits: dict[str, Any] = {"outbox_bytes": 400_000, "outbox_hard_bytes": 1_000_000}

    async def scenario() -> tuple[list[bytes], int]:
        async with running(Library(), **limits) as server, await logged_in(server, way) as client:
            calls = [client.call(7, 0, b"%03d" % number) for number in range(200)]
            answers = [await client.answer(sequence) for sequence in calls]
            return [answer.params[:3] for answer in answers], server.server.too_slow

    assert asyncio.run(scenario()) == ([b"%03d" % number for number in range(200)], 0)

"""Answers to calls (TCE protocol, sections 2.2 and 2.3; section 7, items 7 to 16, 25, 28 and 38)."""

import logging
from types import SimpleNamespace
from typing import Any, Never

import pytest

import tcelib as tce
from tcelib.core.connection import RpcContext
from tcelib.core.link import Link
from tcelib.core.operation import Operation
from tcelib.core.servant import Servant, ServantTable
from tcelib.core.serving import Servants
from tcelib.wire.message import RpcExtraData, RpcMessage, parse_body
from tcelib.wire.packet import wrap
from tests.tcelib.idl_value import make_operation
from tests.tcelib.peer import ADD, ECHO, NOP, NOTE, Calculator, MemoryTransport, open_connection
from tests.tcelib.vectors import VECTORS


def call(operation: Operation, params: bytes = b"", **fields: Any) -> bytes:
    fields = {"calltype": 1, "sequence": 5, **fields}
    message = RpcMessage(ifidx=operation.ifidx, opidx=operation.opidx, paramstream=params, **fields)
    return wrap(message.pack(), version=0x100)


def echo(text: str, **fields: Any) -> bytes:
    return call(ECHO, ECHO.write_params(text), **fields)


class Server:
    """A connection with a servant, and what it answers."""

    def __init__(self, servant: "Failing | Calculator | Later | Servant | None" = None, **options: int) -> None:
        self.transport = MemoryTransport()
        self.servant = servant or Calculator()
        self.connection = open_connection(self.transport, self.servant, **options)

    def receive(self, data: bytes) -> list[RpcMessage]:
        self.connection.receive(data)
        return self.answers()

    def answers(self) -> list[RpcMessage]:
        return [RpcMessage.parse(packet[14:]) for packet in (p for w in self._taken() for p in w)]

    def _taken(self) -> list[list[bytes]]:
        writes, self.transport.writes = self.transport.writes, []
        return writes


@pytest.fixture
def server() -> Server:
    return Server()


def test_a_call_is_answered_with_its_numbers_and_the_result(server: Server) -> None:
    (answer,) = server.receive(echo("hello", sequence=77, call_id=0x8001))

    assert (answer.calltype, answer.sequence, answer.call_id) == (2, 77, 0x8001)
    assert (answer.ifidx, answer.opidx, answer.errcode, answer.paramsize) == (7, 0, 0, 1)
    assert answer.extra.props == {}
    assert answer.paramstream == b"\0\0\0\5hello"


@pytest.mark.parametrize("calltype", [0x01, 0x11, 0x41, 0x51])
def test_every_kind_of_call_that_is_not_one_way_is_answered(server: Server, calltype: int) -> None:
    assert len(server.receive(echo("x", calltype=calltype))) == 1


@pytest.mark.parametrize("sequence", [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_any_sequence_number_is_taken(server: Server, sequence: int) -> None:
    assert [answer.sequence for answer in server.receive(echo("x", sequence=sequence))] == [sequence]


@pytest.mark.parametrize("paramsize", [0, 1, 7, 255])
def test_the_number_of_parameters_that_a_call_claims_is_ignored(server: Server, paramsize: int) -> None:
    assert len(server.receive(echo("x", paramsize=paramsize))) == 1


def test_a_void_call_is_answered_with_nothing_in_it(server: Server) -> None:
    (answer,) = server.receive(call(NOP))

    assert (answer.errcode, answer.paramsize, answer.paramstream) == (0, 0, b"")


@pytest.mark.parametrize("text", ["", "0"])
def test_a_result_that_counts_as_false_is_answered(server: Server, text: str) -> None:
    (answer,) = server.receive(echo(text))

    assert answer.paramstream == ECHO.write_result(text)


def test_zero_is_answered(server: Server) -> None:
    (answer,) = server.receive(call(ADD, ADD.write_params(3, -3)))

    assert answer.paramstream == bytes(4)


def test_extra_values_come_back_with_the_answer_except_the_token(server: Server) -> None:
    extra = RpcExtraData({"__token__": "secret", "__user_id__": "17", "__mq_return__": "q", "name": "值"})
    (answer,) = server.receive(echo("x", extra=extra))

    assert answer.extra.props == {"__user_id__": "17", "__mq_return__": "q", "name": "值"}


def test_an_answer_after_a_token_alone_has_no_extra_values(server: Server) -> None:
    (answer,) = server.receive(echo("x", extra=RpcExtraData({"__token__": "secret"})))

    assert answer.extra.props == {}


@pytest.mark.parametrize(
    "name",
    ["js.call.oneway extra nonascii", "js.call.oneway extra latin1", "java.call.heartbeat oneway extra nonascii"],
)
def test_odd_bytes_in_extra_values_harm_nobody(server: Server, name: str) -> None:
    server.connection.receive(VECTORS[name].data)

    assert server.receive(echo("x"))[0].paramstream == ECHO.write_result("x")


def test_odd_bytes_in_extra_values_come_back_as_they_came(server: Server) -> None:
    body = echo("x")[14:31] + bytes.fromhex("00000001000000026be900000001ff") + echo("x")[35:]
    server.connection.receive(wrap(body))

    assert bytes.fromhex("000000026be900000001ff") in server.transport.take()


def test_a_one_way_call_is_served_and_not_answered(server: Server) -> None:
    assert server.receive(call(NOTE, NOTE.write_params("hi"), calltype=0x21)) == []
    assert server.servant.notes == ["hi"]


@pytest.mark.parametrize(
    ("packet", "errcode"),
    [
        (call(make_operation("x", 99, 0, ())), 4),
        (call(make_operation("x", 7, 99, ())), 4),
        (call(ADD, bytes(7)), 5),
        (call(ADD, bytes(9)), 5),
        (call(ADD), 5),
        (call(NOP, b"\0"), 5),
        (call(ECHO, b"\0\0\0\xffhello"), 5),
        (call(ECHO, b"\xff\xff\xff\xffhello"), 5),
        (VECTORS["negative.unknown_interface"].data, 4),
        (VECTORS["negative.unknown_operation"].data, 4),
    ],
)
def test_a_call_that_cannot_be_served_is_refused_with_a_number(server: Server, packet: bytes, errcode: int) -> None:
    (answer,) = server.receive(packet)

    assert (answer.calltype, answer.errcode, answer.paramsize, answer.paramstream) == (2, errcode, 0, b"")
    assert server.receive(echo("still there"))[0].errcode == 0


def test_a_refusal_carries_what_a_gateway_finds_its_way_back_by(server: Server) -> None:
    extra = RpcExtraData({"__user_id__": "17", "__token__": "secret", "name": "x"})
    (answer,) = server.receive(call(ADD, sequence=8, call_id=0x8000, extra=extra))

    assert (answer.sequence, answer.ifidx, answer.call_id, answer.errcode) == (8, 7, 0x8000, 5)
    assert answer.extra.props == {"__user_id__": "17"}


def test_bad_parameters_are_logged_but_not_every_time(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        server.receive(call(ADD, bytes(9)))

    assert [record.getMessage().split("(")[-1] for record in caplog.records][-1] == "for the 64th time)"
    assert len(caplog.records) == 7
    assert "test.I7.add" in caplog.text


@pytest.mark.parametrize("calltype", [0x21, 0x61, 0x31])
@pytest.mark.parametrize("operation", [make_operation("x", 99, 0, ()), make_operation("x", 7, 99, ()), ADD])
def test_a_one_way_call_that_cannot_be_served_is_not_answered(
    server: Server, operation: Operation, calltype: int
) -> None:
    assert server.receive(call(operation, calltype=calltype)) == []


class Failing(Calculator):
    """Raises what it is told to."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def echo(self, text: str, ctx: tce.RpcContext) -> Never:
        raise self.error

    def note(self, text: str, ctx: tce.RpcContext) -> Never:
        raise self.error

    def add(self, aa: int, bb: int, ctx: tce.RpcContext) -> str:
        return "no number"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret"),
        KeyError("secret"),
        tce.RpcException(8, "secret"),
        OSError(),
        SystemExit("secret"),
        GeneratorExit("secret"),
    ],
)
def test_a_servant_that_raises_is_logged_and_its_words_are_not_sent(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(Failing(error))
    (answer,) = server.receive(echo("x", sequence=9))

    assert (answer.sequence, answer.errcode, answer.paramstream) == (9, 6, b"")
    assert "Traceback" in caplog.text
    assert type(error).__name__ in caplog.text


def test_an_interruption_of_the_program_passes_through_a_servant() -> None:
    with pytest.raises(KeyboardInterrupt):
        Server(Failing(KeyboardInterrupt())).receive(echo("x"))


def test_a_servant_that_raises_on_a_one_way_call_is_logged_and_not_answered(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(Failing(ValueError("no")))

    assert server.receive(call(NOTE, NOTE.write_params("hi"), calltype=0x21)) == []
    assert "ValueError" in caplog.text


def test_a_result_that_does_not_fit_its_type_is_the_servants_error(caplog: pytest.LogCaptureFixture) -> None:
    (answer,) = Server(Failing(ValueError())).receive(call(ADD, bytes(8)))

    assert answer.errcode == 6
    assert "test.I7.add" in caplog.text


def test_a_result_that_no_peer_would_take_is_the_servants_error(caplog: pytest.LogCaptureFixture) -> None:
    class Talker(Calculator):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            return "x" * 1000

    (answer,) = Server(Talker(), max_packet_bytes=500).receive(echo("x"))

    assert answer.errcode == 6
    assert "allowed are 500" in caplog.text


def test_a_call_whose_extra_values_are_cut_is_dropped_with_a_warning(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    body = bytearray(echo("x")[14:])
    body[17:21] = (5).to_bytes(4, "big")

    assert server.receive(wrap(bytes(body))) == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert len(server.receive(echo("x"))) == 1


@pytest.mark.parametrize("calltype", [0, 0x10, 0x20, 0x40, 0x80])
def test_what_is_neither_a_call_nor_an_answer_is_dropped(
    server: Server, calltype: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert server.receive(echo("x", calltype=calltype)) == []
    assert "neither a call nor an answer" in caplog.text


def test_the_context_knows_connection_and_message(server: Server) -> None:
    server.connection.user = "somebody"
    server.receive(echo("x", sequence=3, extra=RpcExtraData({"a": "b"})))

    (ctx,) = server.servant.seen
    assert ctx.conn is server.connection
    assert ctx.user == "somebody"
    assert (ctx.msg.sequence, ctx.msg.extra.props, ctx.msg.user_id) == (3, {"a": "b"}, "0")
    assert ctx.msg is ctx.msg


def test_the_messages_user_is_the_connections_if_it_has_one(server: Server) -> None:
    server.connection.setUserId(17)
    server.receive(echo("x", extra=RpcExtraData({"__user_id__": "spoofed"})))

    assert server.servant.seen[0].msg.user_id == "17"


class Later(Calculator):
    """Answers when its loop finds the time."""

    async def echo(self, text: str, ctx: tce.RpcContext) -> str:
        if text == "bad":
            raise ValueError("no")
        return text

    async def note(self, text: str, ctx: tce.RpcContext) -> None:
        self.notes.append(text)


def test_a_coroutine_is_answered_when_it_has_ended() -> None:
    server = Server(Later())
    assert server.receive(echo("x", sequence=1) + echo("y", sequence=2, extra=RpcExtraData({"a": "b"}))) == []

    server.transport.finish()
    server.transport.finish()

    first, second = server.answers()
    assert (first.sequence, first.paramstream) == (1, ECHO.write_result("x"))
    assert (second.sequence, second.extra.props) == (2, {"a": "b"})


def test_a_coroutine_that_raises_is_logged_and_answered_with_6(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(Later())
    server.receive(echo("bad"))

    server.transport.finish()

    assert [answer.errcode for answer in server.answers()] == [6]
    assert "Traceback" in caplog.text


def test_a_coroutine_of_a_one_way_call_is_not_answered() -> None:
    server = Server(Later())
    server.receive(call(NOTE, NOTE.write_params("hi"), calltype=0x21))

    server.transport.finish()

    assert server.servant.notes == ["hi"]
    assert server.answers() == []


@pytest.mark.parametrize("text", ["good", "bad"])
def test_a_coroutine_that_ends_after_its_stream_answers_nobody(text: str, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(Later())
    server.receive(echo(text))
    server.connection.lost()
    server.connection.opened()

    server.transport.finish()

    assert server.answers() == []


def test_a_long_answer_is_compressed_only_for_a_peer_that_can_inflate(server: Server) -> None:
    server.connection.receive(echo("x" * 500))
    assert len(server.transport.take()) > 500

    server.connection.receive(wrap(echo("x" * 500)[14:], version=0x01000000))

    assert len(server.transport.take()) < 100


def test_nothing_is_compressed_where_the_transport_may_not() -> None:
    server = Server()
    server.transport.may_compress = False
    server.connection.receive(wrap(echo("x" * 500)[14:], deflates=True))

    assert len(server.transport.take()) > 500


def test_all_that_one_turn_sends_leaves_in_one_write(server: Server) -> None:
    def push_and_answer(text: str, ctx: RpcContext) -> str:
        tce.Proxy(ctx.conn)._send(NOTE, ("pushed",), None)
        return text

    server.servant.echo = push_and_answer
    tce.RpcCommAdapter("other").addServant(server.servant).addConnection(server.connection)
    server.connection.receive(echo("a") + echo("b"))

    (packets,) = server.transport.writes
    assert [RpcMessage.parse(packet[14:]).calltype for packet in packets] == [0x21, 2, 0x21, 2]


@pytest.mark.parametrize("name", ["negative.short_struct_param", "negative.short_int_param"])
def test_parameters_that_the_originals_stumbled_over_are_refused_with_5(name: str) -> None:
    class Odd(tce.Servant):
        point = ("struct", (("x", "int"), ("y", "int")))
        INTERFACE = tce.Interface("vec.Cont", ifidx=1, operations=(make_operation("take", 1, 15, (point,)),))

        def take(self, point: dict[str, int], ctx: RpcContext) -> None:
            pytest.fail("called with half a point")

    class OddPrim(tce.Servant):
        INTERFACE = tce.Interface("vec.Prim", ifidx=7, operations=(make_operation("take", 7, 3, ("int",)),))

        def take(self, number: int, ctx: RpcContext) -> None:
            pytest.fail("called with half a number")

    server = Server(Odd())
    server.connection.adapter.addServant(OddPrim())

    assert [answer.errcode for answer in server.receive(VECTORS[name].data)] == [5]


def test_servants_need_a_link_and_no_connection() -> None:
    transport, table = MemoryTransport(), ServantTable()
    table.add(Calculator())
    servants: Servants[str] = Servants(Link(transport), "a connection", SimpleNamespace)
    servants.routes = table.routes

    servants.serve(parse_body(RpcMessage(0x21, 5, NOTE.ifidx, NOTE.opidx, paramstream=NOTE.write_params("x")).pack()))
    servants.serve(parse_body(RpcMessage(1, 6, 99).pack()))

    (answer,) = transport.packets
    assert RpcMessage.parse(answer[14:]).errcode == tce.RPCERROR_INTERFACE_NOTFOUND
    assert table.routes[NOTE.route][1].__self__.notes == ["x"]
    assert table.routes[NOTE.route][1].__self__.seen[0].conn == "a connection"


def test_calls_that_are_answered_with_an_error_are_counted_by_whoever_wants_to(server: Server) -> None:
    refused: list[int] = []
    server.connection.servants.on_refusal = lambda: refused.append(1)

    server.receive(echo("fine") + call(ECHO, b"\0") + call(ECHO, b"\0", calltype=0x21) + call(NOP) + call(ADD))

    assert len(refused) == 2

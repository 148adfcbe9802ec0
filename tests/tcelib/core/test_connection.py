# ruff: noqa: N802  the names that TCE's users know
"""The life of a connection: streams, turns, listeners (TCE protocol, section 6.1; section 7, items 6, 37 and 38)."""

from contextlib import ExitStack
from itertools import pairwise
from typing import Any, Never

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

import tcelib as tce
from tcelib.core.connection import TURN_CALLS, RpcConnection
from tcelib.wire.message import RpcExtraData, RpcMessage
from tcelib.wire.packet import wrap
from tests.tcelib.idl_value import make_operation
from tests.tcelib.peer import ECHO, Calculator, CalculatorPrx, MemoryTransport, exchange, open_connection
from tests.tcelib.vectors import NEGATIVE, VECTORS, Vector


def echo(text: str = "x", sequence: int = 5, **extra: str) -> bytes:
    message = RpcMessage(1, sequence, 7, 7, extra=RpcExtraData(extra), paramstream=ECHO.write_params(text))
    return wrap(message.pack(), version=0x100)


def sequences(transport: MemoryTransport) -> list[int]:
    return [RpcMessage.parse(packet[14:]).sequence for packet in transport.packets]


class Listener(tce.RpcConnectionEventListener):
    """Writes down what it is told; says ``verdict`` to every message."""

    def __init__(self, verdict: bool = True) -> None:
        self.lines: list[object] = []
        self.verdict = verdict

    def onConnected(self, conn: RpcConnection) -> None:
        self.lines.append("connected")

    def onDisconnected(self, conn: RpcConnection) -> None:
        self.lines.append("disconnected")

    def onDataPacket(self, conn: RpcConnection, msg: RpcMessage) -> bool:
        self.lines.append((conn.getRecvedMessageCount(), msg.sequence, msg.extra.props.get("__token__")))
        return self.verdict


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@given(st.lists(st.integers(0, 400), max_size=6))
def test_calls_cut_anywhere_get_the_same_answers(cuts: list[int]) -> None:
    transport = MemoryTransport()
    connection = open_connection(transport, Calculator())
    stream = b"".join(echo(str(number), number) for number in range(10))
    for start, end in pairwise([0, *sorted(cuts), len(stream)]):
        connection.receive(stream[start:end])

    assert sequences(transport) == list(range(10))


@pytest.mark.parametrize("name", [name for name in VECTORS if VECTORS[name].frames])
def test_header_and_body_of_tce_js_come_in_two_messages(name: str, transport: MemoryTransport) -> None:
    vector = VECTORS[name]
    connection = open_connection(transport)
    connection.receive(vector.frames[0])
    assert transport.packets == []

    connection.receive(vector.frames[1])

    message = vector.messages[0]
    is_answered = message["calltype"] & 0x21 == 1
    assert sequences(transport) == ([message["sequence"]] if is_answered else [])


@pytest.mark.parametrize("vector", NEGATIVE, ids=[vector.name for vector in NEGATIVE])
def test_bad_packets_close_the_connection_and_bad_messages_do_not(
    vector: Vector, transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    connection = open_connection(transport, Calculator())
    connection.receive(vector.data)

    is_bad_packet = vector.name.split(".")[1] in {
        "bad_magic",
        "size_10",
        "compress_2",
        "bad_zlib",
        "size_over_1MiB",
    }
    assert transport.is_closed is is_bad_packet
    assert connection.is_open is not is_bad_packet
    assert ("closed" in caplog.text) is is_bad_packet
    connection.receive(echo(sequence=99))
    assert (99 in sequences(transport)) is not is_bad_packet


def test_what_came_before_a_bad_packet_is_answered_before_the_connection_is_closed(
    transport: MemoryTransport,
) -> None:
    connection = open_connection(transport, Calculator())
    connection.receive(echo() + echo() + b"GET / HTTP/1.1\r\n\r\n" + echo())

    assert len(transport.packets) == 2
    assert transport.is_closed


def test_a_turn_is_bounded_and_the_next_one_goes_on(transport: MemoryTransport) -> None:
    connection = open_connection(transport, Calculator())
    count = TURN_CALLS + 10

    assert connection.receive(b"".join(echo("x", number) for number in range(count))) is True
    assert len(transport.packets) == TURN_CALLS

    assert connection.serve() is False
    assert sequences(transport) == list(range(count))
    assert len(transport.writes) == 2


def test_a_bad_packet_behind_a_full_turn_closes_when_the_turn_after_it_is_done(transport: MemoryTransport) -> None:
    connection = open_connection(transport, Calculator())
    assert connection.receive(echo() * (TURN_CALLS + 1) + b"x" * 14) is True
    assert connection.receive(echo()) is True
    assert not transport.is_closed

    assert connection.serve() is False
    assert len(transport.packets) == TURN_CALLS + 1
    assert transport.is_closed


def test_calls_and_answers_that_come_mixed_are_taken_in_their_order(transport: MemoryTransport) -> None:
    servant = Calculator()
    connection = open_connection(transport, servant)
    promises = [CalculatorPrx(connection).echo_async("?") for _ in range(12)]
    served_before = []
    for promise in promises:
        promise.add_done_callback(lambda _: served_before.append(len(servant.seen)))
    answers = [
        wrap(RpcMessage(2, number, paramstream=ECHO.write_result("")).pack()) for number in sequences(transport)
    ]

    assert connection.receive(b"".join(echo() + answer + echo() for answer in answers)) is False
    assert served_before == list(range(1, 24, 2))
    assert len(servant.seen) == 24
    assert connection.getRecvedMessageCount() == 36


def test_calls_of_a_new_stream_are_answered_by_the_turn_whose_servant_outlived_the_old_one(
    transport: MemoryTransport,
) -> None:
    class Outliving(Calculator):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            if text == "wait":
                ctx.conn.lost()
                ctx.conn.opened()
                ctx.conn.receive(echo("new", 3), serve=False)
            return text

    connection = open_connection(transport, Outliving())
    connection.receive(echo("wait", 1) + echo("old", 2))

    assert sequences(transport) == [3]


def test_who_has_waited_leaves_the_calls_of_a_held_connection_in_their_order(transport: MemoryTransport) -> None:
    class Waiting(Calculator):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            if text == "wait":  # its greenlet goes on while another one holds the connection
                stack.enter_context(ctx.conn.held())
            return text

    stack = ExitStack()
    connection = open_connection(transport, Waiting())
    connection.router = lambda packet: False
    promise = CalculatorPrx(connection).echo_async("?")
    [number] = sequences(transport)
    answer = wrap(RpcMessage(2, number, paramstream=ECHO.write_result("!")).pack())
    assert connection.receive(echo("wait", 1) + echo("b", 2) + answer + echo("c", 3)) is False
    assert sequences(transport) == [number, 1]
    assert promise.get() == "!"

    stack.close()
    assert connection.serve() is False
    assert sequences(transport) == [number, 1, 2, 3]


def test_while_a_servant_waits_the_next_calls_are_served_and_written(transport: MemoryTransport) -> None:
    class Waiting(Calculator):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            if text == "wait":
                served_meanwhile.append(ctx.conn.serve())
                written_meanwhile.extend(sequences(transport))
            return text

    served_meanwhile, written_meanwhile = [], []
    connection = open_connection(transport, Waiting())
    connection.receive(echo("a", 1) + echo("wait", 2) + echo("b", 3))

    assert served_meanwhile == [False]
    assert written_meanwhile == [1, 3]
    assert sequences(transport) == [1, 3, 2]


def test_bytes_that_come_while_a_servant_waits_are_served(transport: MemoryTransport) -> None:
    class Waiting(Calculator):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            if text == "wait":
                ctx.conn.receive(echo("b", 3))
            return text

    connection = open_connection(transport, Waiting())
    connection.receive(echo("wait", 2))

    assert sequences(transport) == [3, 2]


def test_answers_may_be_taken_while_calls_wait(transport: MemoryTransport) -> None:
    servant = Calculator()
    connection = open_connection(transport, servant)
    promise = CalculatorPrx(connection).echo_async("question")
    (number,) = sequences(transport)
    answer = wrap(RpcMessage(2, number, paramstream=ECHO.write_result("answer")).pack())

    assert connection.receive(echo("a", 1) + answer + echo("b", 2), serve=False) is True
    assert promise.result() == "answer"
    assert servant.seen == []

    assert connection.serve() is False
    assert sequences(transport)[1:] == [1, 2]


def test_taking_answers_alone_leaves_nothing_behind_when_the_connection_is_closed(transport: MemoryTransport) -> None:
    connection = open_connection(transport, Calculator(), listener=Listener(verdict=False))
    answer = wrap(RpcMessage(2, 1).pack())

    assert connection.receive(echo() + answer + answer + echo(), serve=False) is False
    assert transport.is_closed
    assert len(connection.listener.lines) == 3


def test_a_servant_may_close_the_connection_and_what_follows_is_not_served(transport: MemoryTransport) -> None:
    class Closing(Calculator):
        def note(self, text: str, ctx: tce.RpcContext) -> None:
            ctx.conn.close()

        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            if text == "close":
                ctx.conn.close()
            return text

    connection = open_connection(transport, Closing())
    connection.receive(echo("a", 1) + echo("close", 2) + echo("b", 3))

    assert sequences(transport) == [1]
    assert transport.is_closed
    assert connection.receive(echo("c", 4)) is False
    assert sequences(transport) == [1]


def test_closing_ends_the_calls_and_tells_everybody_once(transport: MemoryTransport) -> None:
    listener = Listener()
    connection = open_connection(transport, listener=listener)
    told = []
    connection.cb_disconnect = told.append
    promise = CalculatorPrx(connection).echo_async("a")

    connection.close()
    connection.lost()

    assert promise.exception().errcode == tce.RPCERROR_CONNECTION_LOST
    assert listener.lines == ["connected", "disconnected"]
    assert told == [connection]


def test_closing_what_cannot_be_written_to_any_more_is_quiet(transport: MemoryTransport) -> None:
    class Closing(Calculator):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            transport.refusal = tce.RpcException(tce.RPCERROR_SENDFAILED)
            if text == "close":
                ctx.conn.close()
            return text

    connection = open_connection(transport, Closing())
    connection.receive(echo("a", 1))
    assert connection.is_open
    connection.receive(echo("a", 1) + echo("close", 2))

    assert transport.is_closed


def test_the_reason_of_a_loss_is_the_cause_of_every_calls_own_error(transport: MemoryTransport) -> None:
    connection = open_connection(transport)
    promises = [CalculatorPrx(connection).echo_async("a") for _ in range(2)]
    reason = tce.RpcException(tce.RPCERROR_CONNECT_FAILED, "nobody there")

    connection.lost(reason)

    errors = [promise.exception() for promise in promises]
    assert [str(error) for error in errors] == [str(reason)] * 2
    assert [error.__cause__ for error in errors] == [reason] * 2
    assert errors[0] is not errors[1]


def test_a_connection_that_was_never_open_is_not_reported_as_lost(transport: MemoryTransport) -> None:
    listener = Listener()
    connection = tce.RpcConnection(transport, listener=listener)
    promise = CalculatorPrx(connection).echo_async("a")

    connection.lost()

    assert promise.done()
    assert listener.lines == []


def test_a_new_stream_begins_afresh(transport: MemoryTransport) -> None:
    listener = Listener()
    connection = open_connection(transport, Calculator(), listener=listener)
    connection.receive(echo("a", 1) + echo("b", 2)[:20])
    connection.lost()
    connection.opened()

    connection.receive(echo("c", 3))

    assert sequences(transport) == [1, 3]
    assert listener.lines == ["connected", (1, 1, None), "disconnected", "connected", (1, 3, None)]


def test_a_listener_sees_every_message_counted_before_it_is_served(transport: MemoryTransport) -> None:
    listener = Listener()
    connection = open_connection(transport, Calculator(), listener=listener)
    connection.receive(echo("a", 1, __token__="secret") + echo("b", 2))
    connection.receive(wrap(RpcMessage(2, 77).pack()))

    assert listener.lines == ["connected", (1, 1, "secret"), (2, 2, None), (3, 77, None)]
    assert connection.getRecvedMessageCount() == 3


def test_a_listener_that_says_no_closes_the_connection(transport: MemoryTransport) -> None:
    servant = Calculator()
    listener = Listener(verdict=False)
    connection = open_connection(transport, servant, listener=listener)

    connection.receive(echo("a", 1) + echo("b", 2))

    assert servant.seen == []
    assert transport.is_closed
    assert listener.lines == ["connected", (1, 1, None), "disconnected"]


def test_a_listener_may_close_the_connection_itself(transport: MemoryTransport) -> None:
    servant = Calculator()
    connection = open_connection(transport, servant, listener=Listener())
    connection.listener.onDataPacket = lambda conn, msg: conn.close() or True

    connection.receive(echo("a", 1) + echo("b", 2))

    assert servant.seen == []


def test_a_listener_that_raises_is_logged_and_lets_nobody_in(
    transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    servant = Calculator()
    connection = open_connection(transport, servant, listener=Listener())
    connection.listener.onDataPacket = lambda conn, msg: 1 / 0
    connection.listener.onDisconnected = lambda conn: 1 / 0

    connection.receive(echo())

    assert servant.seen == []
    assert transport.is_closed
    assert caplog.text.count("ZeroDivisionError: division by zero") == 2


def test_a_listener_that_exits_costs_its_answer_unless_the_program_is_meant(
    transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    def leave(error: SystemExit | KeyboardInterrupt) -> Never:
        raise error

    connection = open_connection(transport, Calculator(), listener=Listener())
    connection.listener.onDisconnected = lambda conn: leave(SystemExit(0))
    connection.lost()
    assert "SystemExit" in caplog.text
    connection = open_connection(transport, Calculator(), listener=Listener())
    connection.listener.onDisconnected = lambda conn: leave(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        connection.lost()


def test_a_listener_is_not_shown_what_cannot_be_read(transport: MemoryTransport) -> None:
    listener = Listener()
    connection = open_connection(transport, listener=listener)
    body = bytearray(echo()[14:])
    body[17:21] = b"\xff" * 4
    connection.receive(wrap(bytes(body)))

    assert listener.lines == ["connected"]
    assert connection.getRecvedMessageCount() == 1


def test_the_listener_everybody_has_says_yes(transport: MemoryTransport) -> None:
    connection = open_connection(transport, Calculator(), listener=tce.RpcConnectionEventListener())
    connection.receive(echo(sequence=1))
    connection.lost()

    assert sequences(transport) == [1]


def test_a_message_may_be_sent_as_it_is(transport: MemoryTransport) -> None:
    connection = open_connection(transport, max_packet_bytes=200)
    connection.sendMessage(RpcMessage(0x21, 9, 1, 2, call_id=0x8000))
    with pytest.raises(tce.RpcException, match="allowed are 200"):
        connection.sendMessage(RpcMessage(paramstream=bytes(200)))

    (packet,) = transport.packets
    assert RpcMessage.parse(packet[14:]).call_id == 0x8000


kinds = st.recursive(
    st.sampled_from(["byte", "bool", "short", "int", "long", "float", "double", "string", "bytes"]),
    lambda inner: st.one_of(
        st.tuples(st.just("sequence"), inner),
        st.tuples(st.just("dictionary"), st.sampled_from(["byte", "bool", "int", "string"]), inner),
        st.lists(inner, min_size=1, max_size=4).map(
            lambda types: ("struct", tuple((f"f{number}", kind) for number, kind in enumerate(types)))
        ),
    ),
    max_leaves=6,
)
INTEGERS = {
    "byte": (0, 255),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
}
SCALARS = {
    **{kind: st.integers(*bounds) for kind, bounds in INTEGERS.items()},
    "bool": st.booleans(),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "string": st.text(max_size=20),
    "bytes": st.binary(max_size=20),
}


def values_of(
    kind: Any,
) -> st.SearchStrategy[Any]:
    if isinstance(kind, str):
        return SCALARS[kind]
    if kind[0] == "struct":
        return st.fixed_dictionaries({name: values_of(item) for name, item in kind[1]})
    if kind[0] == "sequence":
        return st.lists(values_of(kind[1]), max_size=4)
    return st.dictionaries(values_of(kind[1]), values_of(kind[2]), max_size=4)


@given(st.data())
def test_values_of_all_types_nested_anyhow_come_back(data: DataObject) -> None:
    types = tuple(data.draw(st.lists(kinds, min_size=1, max_size=3)))
    values = tuple(data.draw(values_of(kind)) for kind in types)
    whole = ("struct", tuple((f"p{number}", kind) for number, kind in enumerate(types)))
    operation = make_operation("mirror", 3, 1, types, whole)

    class Mirror(tce.Servant):
        INTERFACE = tce.Interface("test.I3", ifidx=3, operations=(operation,))

        def mirror(self, *args: Any) -> Any:
            return {f"p{number}": value for number, value in enumerate(args[:-1])}

    client, server = open_connection(), open_connection(servant=Mirror())
    for _ in range(2):  # the second time both sides know that they may compress
        promise = client.call(operation, values)
        exchange(client, server)
        assert tuple(promise.result().values()) == values


def test_calls_in_many_bombs_are_all_served_in_several_turns(transport: MemoryTransport) -> None:
    connection = open_connection(transport)
    calls = b"".join(
        wrap(RpcMessage(1, n, 7, 7, paramstream=ECHO.write_params("x" * 100_000)).pack(), True) for n in range(1, 11)
    )
    assert len(calls) < 64_000
    turns = 1
    has_more = connection.receive(calls)
    while has_more:
        assert len(sequences(transport)) <= 3 * turns
        has_more = connection.serve()
        turns += 1
    assert sequences(transport) == list(range(1, 11))
    assert turns > 2
    assert connection.inflated > 1_000_000


def test_calls_that_nobody_will_serve_are_refused_together_and_name_their_users(transport: MemoryTransport) -> None:
    connection = open_connection(transport, Calculator())
    connection.receive(
        b"".join(echo("long", number, __user_id__=str(number), more="x") for number in range(3)), serve=False
    )
    kept = connection.kept_bytes
    connection.refuse_waiting()
    [packets] = transport.writes
    answers = [RpcMessage.parse(packet[14:]) for packet in packets]
    found = [(answer.sequence, answer.errcode, answer.extra.props) for answer in answers]
    assert found == [(number, tce.RPCERROR_REMOTE_EXCEPTION, {"__user_id__": str(number)}) for number in range(3)]
    assert (kept > 0, connection.kept_bytes, connection.has_calls) == (True, 0, False)

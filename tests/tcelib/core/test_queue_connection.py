"""Bare bodies over queues (TCE protocol, sections 4 and 6.4; section 7, item 35)."""

from typing import Never

import pytest

import tcelib as tce
from tcelib.core.connection import RpcContext
from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.core.servant import Servant
from tcelib.wire.message import RpcExtraData, RpcMessage
from tests.tcelib.idl_value import make_operation
from tests.tcelib.peer import ECHO, NOTE, Calculator, CalculatorPrx, MemoryTransport
from tests.tcelib.vectors import VECTORS, Vector

ECHO_OF_SERVER = make_operation("echo", 2, 0, ("string",), "string")
FORWARDED = [vector for vector in VECTORS.values() if vector.transport == "mq-body"]


def open_queue(
    name: str = "queue", servant: Calculator | Servant | None = None, **options: int
) -> RpcQueueConnection:
    connection = tce.RpcQueueConnection(name, MemoryTransport(), **options)
    if servant is not None:
        tce.RpcCommAdapter().addServant(servant).addConnection(connection)
    connection.opened()
    return connection


def echo(text: str = "hello", calltype: int = 1, **extra: str) -> bytes:
    message = RpcMessage(calltype, 5, 7, 7, extra=RpcExtraData(extra), paramstream=ECHO.write_params(text))
    return message.pack()


def test_a_call_is_a_bare_body_that_names_the_queue_for_its_answer() -> None:
    calls, answers = open_queue("calls"), open_queue("answers")
    calls.setLoopbackMQ(answers)
    promise = CalculatorPrx(calls).echo_async("x" * 500, extra={"a": "b"})

    (body,) = calls.transport.packets
    message = RpcMessage.parse(body)
    assert message.extra.props == {"__mq_return__": "answers", "a": "b"}

    answers.receive_body(RpcMessage(2, message.sequence, paramstream=ECHO.write_result("answer")).pack())
    assert promise.result() == "answer"


def test_a_call_that_is_too_long_is_answered_with_an_error() -> None:
    connection = open_queue(servant=Calculator(), max_packet_bytes=200)
    connection.receive_body(echo("x" * 500, __mq_return__="q"))
    connection.receive_body(echo("x" * 500, calltype=0x21))

    ((queue, body),) = connection.transport.answers
    assert queue == "q"
    assert RpcMessage.parse(body).errcode == tce.RPCERROR_UNSERIALIZE_FAILED


def test_an_answer_that_is_too_long_is_an_error_of_its_call() -> None:
    calls, answers = open_queue("calls"), open_queue("answers", max_packet_bytes=200)
    calls.setLoopbackMQ(answers)
    promise = CalculatorPrx(calls).echo_async("a")
    sequence = RpcMessage.parse(calls.transport.packets[0]).sequence
    answers.receive_body(RpcMessage(2, sequence, paramstream=ECHO.write_result("x" * 500)).pack())

    assert promise.exception().errcode == tce.RPCERROR_UNSERIALIZE_FAILED


def test_answers_find_their_way_among_several_connections_that_share_a_queue() -> None:
    answers = open_queue("answers")
    one, other = open_queue("one"), open_queue("other")
    one.setLoopbackMQ(answers)
    other.setLoopbackMQ(answers)
    first, second = CalculatorPrx(one).echo_async("a"), CalculatorPrx(other).echo_async("b")
    for connection, text in ((other, "to other"), (one, "to one")):
        sequence = RpcMessage.parse(connection.transport.packets[0]).sequence
        answers.receive_body(RpcMessage(2, sequence, paramstream=ECHO.write_result(text)).pack())
    answers.receive_body(RpcMessage(2, 0xFFFFFFFF).pack())

    assert (first.result(), second.result()) == ("to one", "to other")


@pytest.mark.parametrize("text", ["hello", "x" * 500])
def test_an_answer_goes_to_the_queue_that_its_call_names(text: str) -> None:
    connection = open_queue(servant=Calculator())
    connection.receive_body(echo(text, __mq_return__="q", __user_id__="1"))

    ((queue, body),) = connection.transport.answers
    message = RpcMessage.parse(body)
    assert queue == "q"
    assert message.extra.props == {"__mq_return__": "q", "__user_id__": "1"}
    assert message.paramstream == ECHO.write_result(text)
    assert connection.transport.packets == []


def test_a_refusal_goes_there_too() -> None:
    connection = open_queue(servant=Calculator())
    connection.receive_body(RpcMessage(1, 5, 99, 0, extra=RpcExtraData({"__mq_return__": "q"})).pack())

    ((queue, body),) = connection.transport.answers
    assert (queue, RpcMessage.parse(body).errcode) == ("q", 4)


def test_a_call_that_names_no_queue_is_served_and_not_answered(caplog: pytest.LogCaptureFixture) -> None:
    servant = Calculator()
    connection = open_queue(servant=servant)
    connection.receive_body(echo())
    connection.receive_body(RpcMessage(1, 5, 99, 0).pack())

    assert len(servant.seen) == 1
    assert connection.transport.answers == []
    assert connection.transport.packets == []
    assert "names no queue" in caplog.text


def test_a_one_way_call_is_not_answered_though_it_names_a_queue() -> None:
    servant = Calculator()
    connection = open_queue(servant=servant)
    params = NOTE.write_params("hi")
    extra = RpcExtraData({"__mq_return__": "q"})
    connection.receive_body(RpcMessage(0x21, 5, 7, 9, extra=extra, paramstream=params).pack())

    assert servant.notes == ["hi"]
    assert connection.transport.answers == []


def test_an_answer_that_cannot_be_put_on_its_queue_is_dropped() -> None:
    connection = open_queue(servant=Calculator())

    def refuse(queue: str, body: bytes) -> Never:
        raise tce.RpcException(tce.RPCERROR_SENDFAILED)

    connection.transport.write_to = refuse
    connection.receive_body(echo(__mq_return__="q"))

    assert connection.is_open


@pytest.mark.parametrize("body", [b"", bytes(20), echo()[:17] + b"\xff" * 8, bytes(1001)])
def test_what_is_no_message_is_dropped(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    connection = open_queue(servant=Calculator(), max_packet_bytes=1000)
    connection.receive_body(body)

    assert connection.transport.answers == []
    assert "message that" in caplog.text


def test_a_body_longer_than_peers_take_is_not_sent() -> None:
    connection = open_queue(max_packet_bytes=100)
    with pytest.raises(tce.RpcException, match="allowed are 100"):
        CalculatorPrx(connection).note_oneway("x" * 100)


def test_a_message_is_sent_without_an_envelope() -> None:
    connection = open_queue()
    connection.sendMessage(RpcMessage(0x21, 9))

    assert connection.transport.packets == [RpcMessage(0x21, 9).pack()]


@pytest.mark.parametrize("vector", FORWARDED, ids=[vector.name for vector in FORWARDED])
def test_what_gateways_forward_is_served(vector: Vector) -> None:
    class Server(tce.Servant):
        INTERFACE = tce.Interface("test.Server", ifidx=2, operations=(ECHO_OF_SERVER,))

        def echo(self, text: str, ctx: RpcContext) -> str:
            return f"Yah! {text}"

    connection = open_queue(servant=Server())
    connection.receive_body(vector.data)

    said = vector.messages[0]
    answers = [(queue, RpcMessage.parse(body)) for queue, body in connection.transport.answers]
    if said["calltype"] & 0x21 != 1:
        assert answers == []
    else:
        ((queue, answer),) = answers
        assert queue == said["extra"]["__mq_return__"]
        assert (answer.sequence, answer.ifidx, answer.call_id) == (said["sequence"], said["ifidx"], 0x8000)

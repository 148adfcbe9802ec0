"""Calls and their answers (TCE protocol, sections 2.1 to 2.6; section 7, items 7, 10, 17, 22 to 26)."""

import math
from typing import Any

import pytest

import tcelib as tce
from tcelib.core.call_table import LAST_SEQUENCE, next_sequence
from tcelib.core.calling import Calls
from tcelib.core.link import GATHERED_BYTES, Link
from tcelib.core.promise import RpcPromise
from tcelib.wire.message import RpcExtraData, RpcMessage, parse_body
from tcelib.wire.packet import wrap
from tests.tcelib.peer import ECHO, NOP, NOTE, Calculator, CalculatorPrx, MemoryTransport, exchange, open_connection


class Client:
    """A connection with a proxy, and what it has sent."""

    def __init__(self, **options: Any) -> None:
        self.transport = MemoryTransport()
        self.connection = open_connection(self.transport, **options)
        self.connection.calls.can_reconnect = True
        self.proxy = CalculatorPrx(self.connection)

    @property
    def sent(self) -> list[RpcMessage]:
        return [RpcMessage.parse(packet[14:]) for packet in self.transport.packets]

    def answer(self, sequence: int, params: bytes = b"", errcode: int = 0, **fields: Any) -> None:
        message = RpcMessage(2, sequence, errcode=errcode, paramstream=params, **fields)
        self.connection.receive(wrap(message.pack(), version=0x100))

    def echo_answer(self, text: str, index: int = -1, **fields: Any) -> None:
        self.answer(self.sent[index].sequence, ECHO.write_result(text), **fields)


@pytest.fixture
def client() -> Client:
    return Client()


def test_a_call_carries_its_operation_and_parameters(client: Client) -> None:
    client.proxy.echo_async("hello")

    (message,) = client.sent
    assert (message.calltype, message.ifidx, message.opidx, message.paramsize) == (1, 7, 7, 1)
    assert (message.errcode, message.call_id, message.extra.props) == (0, 0, {})
    assert message.paramstream == b"\0\0\0\5hello"


def test_a_one_way_call_says_so(client: Client) -> None:
    client.proxy.note_oneway("hi", extra={"n": 1})

    assert [(message.calltype, message.extra.props) for message in client.sent] == [(0x21, {"n": "1"})]


def test_numbers_are_unique_in_the_process() -> None:
    one, other = Client(), Client()
    for client in (one, other, one):
        client.proxy.echo_async("x")
    one.proxy.note_oneway("x")

    numbers = [message.sequence for client in (one, other) for message in client.sent]
    assert len(set(numbers)) == 4
    assert all(1 <= number <= LAST_SEQUENCE for number in numbers)
    assert next_sequence() not in numbers


def test_an_answer_completes_its_call_whatever_else_it_says(client: Client) -> None:
    first, second = client.proxy.echo_async("a"), client.proxy.echo_async("b")

    client.echo_answer("two", index=1, ifidx=99, opidx=3, paramsize=9, call_id=0x8000)
    client.echo_answer("one", index=0, extra=RpcExtraData({"__user_id__": "1"}))

    assert (first.result(), second.result()) == ("one", "two")


def test_an_answer_with_an_error_number_is_an_exception(client: Client) -> None:
    promise = client.proxy.echo_async("a")

    client.answer(client.sent[0].sequence, errcode=4)

    error = promise.exception()
    assert (type(error), error.errcode) == (tce.RpcException, 4)
    assert "test.I7.echo" in str(error)


@pytest.mark.parametrize("params", [b"", b"\0\0\0\5hell", b"\0\0\0\5hello!"])
def test_a_result_that_cannot_be_read_is_an_exception(
    client: Client, params: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    promise = client.proxy.echo_async("a")

    client.answer(client.sent[0].sequence, params)

    assert promise.exception().errcode == tce.RPCERROR_UNSERIALIZE_FAILED
    assert "test.I7.echo" in caplog.text


def test_an_answer_with_cut_extra_values_is_an_exception(client: Client) -> None:
    promise = client.proxy.echo_async("a")
    body = bytearray(RpcMessage(2, client.sent[0].sequence, paramstream=b"x").pack())
    body[17:21] = (9).to_bytes(4, "big")

    client.connection.receive(wrap(bytes(body)))

    assert promise.exception().errcode == tce.RPCERROR_UNSERIALIZE_FAILED


def test_a_void_answer_may_hold_anything(client: Client) -> None:
    promise = client.proxy.nop_async()

    client.answer(client.sent[0].sequence, b"what is this")

    assert promise.exception() is None


def test_answers_that_nobody_waits_for_are_ignored(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    promise = client.proxy.echo_async("a")
    sequence = client.sent[0].sequence

    client.answer(sequence + 1000, errcode=6)
    client.echo_answer("x")
    client.echo_answer("again")

    assert promise.result() == "x"
    assert caplog.text == ""


def test_an_answer_counts_only_on_the_connection_of_its_call() -> None:
    one, other = Client(), Client()
    promise = one.proxy.echo_async("a")

    other.answer(one.sent[0].sequence, ECHO.write_result("wrong"))
    assert not promise.done()

    one.echo_answer("right")
    assert promise.result() == "right"


def test_callbacks_get_result_proxy_and_cookie(client: Client) -> None:
    calls = []
    client.proxy.echo_async("a", lambda *args: calls.append(args), cookie="c")
    client.echo_answer("x")
    client.proxy.nop_async(lambda *args: calls.append(args), cookie="d")
    client.answer(client.sent[1].sequence)

    assert calls == [("x", client.proxy, "c"), (client.proxy, "d")]


def test_the_error_callback_gets_exception_proxy_and_cookie(client: Client) -> None:
    calls = []
    promise = client.proxy.echo_async("a", pytest.fail, cookie="c", error=lambda *args: calls.append(args))
    client.answer(client.sent[0].sequence, errcode=6)

    assert calls == [(promise.exception(), client.proxy, "c")]


def test_a_result_without_a_callback_and_an_error_without_one_harm_nobody(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.proxy.echo_async("a", error=pytest.fail)
    client.echo_answer("x")
    client.proxy.echo_async("b", pytest.fail)
    client.answer(client.sent[1].sequence, errcode=6)

    assert caplog.text == ""


def test_the_chain_of_an_asynchronous_call_begins_with_its_answer(client: Client) -> None:
    seen = []
    client.proxy.echo_async("a", cookie="c").then(lambda ctx: seen.append((ctx.result, ctx.cookie)))

    client.echo_answer("x")

    assert seen == [("x", "c")]


def test_a_two_way_call_waits_for_its_answer(client: Client) -> None:
    client.transport.on_wait = lambda promise, timeout: client.echo_answer("answer")

    assert client.proxy.echo("a") == "answer"


def test_a_two_way_call_within_a_servant_is_written_before_it_waits() -> None:
    transport = MemoryTransport()
    answers = []

    class Asking(Calculator):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            return CalculatorPrx(ctx.conn).echo("and you?")

    def answer(promise: RpcPromise[str], timeout: float | None) -> None:
        question = RpcMessage.parse(transport.packets[-1][14:])
        answers.append(question.sequence)
        connection.receive(wrap(RpcMessage(2, question.sequence, paramstream=ECHO.write_result("fine")).pack()))

    transport.on_wait = answer
    connection = open_connection(transport, Asking())
    connection.receive(wrap(RpcMessage(1, 5, 7, 7, paramstream=ECHO.write_params("hello")).pack()))

    assert len(answers) == 1
    assert RpcMessage.parse(transport.packets[-1][14:]).paramstream == ECHO.write_result("fine")


@pytest.mark.parametrize("argument", [5, None, b"bytes"])
def test_arguments_that_do_not_fit_are_refused_before_anything_is_sent(
    client: Client, argument: int | bytes | None
) -> None:
    with pytest.raises(tce.RpcException, match=r"test\.I7\.echo") as caught:
        client.proxy.echo_async(argument)

    assert caught.value.errcode == tce.RPCERROR_DATADIRTY
    assert client.sent == []
    assert client.connection.next_deadline() is None


def test_a_call_longer_than_peers_take_fails() -> None:
    client = Client(max_packet_bytes=500)
    promise = client.proxy.echo_async("x" * 500)

    assert promise.exception().errcode == tce.RPCERROR_SENDFAILED
    with pytest.raises(tce.RpcException):
        client.proxy.note_oneway("x" * 500)


def test_a_call_that_cannot_be_written_fails_and_a_one_way_call_raises(client: Client) -> None:
    client.transport.refusal = tce.RpcException(tce.RPCERROR_CONNECT_FAILED, "nobody there")

    assert client.proxy.echo_async("a").exception() is client.transport.refusal
    with pytest.raises(tce.RpcException, match="nobody there"):
        client.proxy.echo("a")
    with pytest.raises(tce.RpcException, match="nobody there"):
        client.proxy.note_oneway("a")


def test_a_call_fails_when_its_time_is_over(client: Client) -> None:
    late = client.proxy.echo_async("a", timeout=2.0)
    early = client.proxy.echo_async("b", timeout=5.0)
    patient = client.proxy.echo_async("c", timeout=math.inf)
    assert client.connection.next_deadline() == 102.0

    client.connection.expire(101.9)
    assert not late.done()
    client.answer(0)  # somebody is there
    client.connection.expire(102.0)

    assert late.exception().errcode == tce.RPCERROR_TIMEOUT
    assert not early.done()
    assert client.connection.next_deadline() == 105.0
    client.connection.expire(1e9)
    client.answer(0)
    client.connection.expire(1e9)
    assert early.exception().errcode == tce.RPCERROR_TIMEOUT
    assert not patient.done()
    assert client.connection.next_deadline() is None


def test_a_peer_that_was_silent_is_asked_and_stays_if_it_answers(client: Client) -> None:
    patient = client.proxy.echo_async("patient")
    late = client.proxy.echo_async("a", timeout=1.0)
    client.connection.expire(101.0)
    question = client.sent[-1]

    assert late.done()
    assert (question.calltype, question.ifidx, question.opidx) == (1, 0x7FFF, 0)
    assert client.connection.next_deadline() == 111.0
    client.answer(question.sequence, errcode=tce.RPCERROR_INTERFACE_NOTFOUND)
    client.connection.expire(111.0)
    assert client.connection.is_open
    assert not patient.done()
    assert client.connection.next_deadline() == 130.0


def test_a_peer_that_answers_nothing_is_given_up_and_whatever_waits_is_lost(client: Client) -> None:
    patient = client.proxy.echo_async("patient")
    client.proxy.echo_async("a", timeout=1.0)
    client.connection.expire(101.0)
    client.connection.expire(111.0)
    assert client.connection.is_open  # an answer may lie in the socket, if this program stood still
    client.connection.expire(client.connection.next_deadline())

    assert client.transport.is_closed
    assert patient.exception().errcode == tce.RPCERROR_CONNECTION_LOST


def test_a_client_is_not_asked_by_its_server_which_could_not_call_it_back(client: Client) -> None:
    client.connection.calls.can_reconnect = False
    client.proxy.echo_async("a", timeout=1.0)
    client.connection.expire(101.0)

    assert len(client.sent) == 1
    assert client.connection.next_deadline() is None


def test_a_peer_that_said_something_meanwhile_is_not_asked(client: Client) -> None:
    client.proxy.echo_async("a", timeout=1.0)
    client.answer(0)
    client.connection.expire(101.0)

    assert len(client.sent) == 1
    assert client.connection.next_deadline() is None


def test_a_call_that_comes_too_late_to_its_connection_is_not_sent(client: Client) -> None:
    client.transport.in_own_thread = False
    promise = client.proxy.echo_async("a", timeout=1.0)
    client.transport.clock += 1.0
    client.transport.work.pop()()

    assert promise.exception().errcode == tce.RPCERROR_TIMEOUT
    assert client.sent == []


def test_calls_wait_thirty_seconds_unless_somebody_says_otherwise(client: Client) -> None:
    client.proxy.echo_async("a")
    assert client.connection.next_deadline() == 130.0

    other = Client(call_timeout=3.0)
    other.proxy.echo_async("a")
    assert other.connection.next_deadline() == 103.0


@pytest.mark.parametrize("nothing", [0, 0.0, None])
def test_no_timeout_is_the_default_however_it_is_said(nothing: float | None) -> None:
    client = Client(call_timeout=nothing)
    client.proxy.echo_async("a", timeout=nothing)
    assert client.connection.next_deadline() == 130.0

    other = Client(call_timeout=3.0)
    other.proxy.echo_async("a", timeout=nothing)
    assert other.connection.next_deadline() == 103.0


def test_a_dict_in_the_place_of_the_timeout_is_the_extra_values(client: Client) -> None:
    client.transport.on_wait = lambda promise, timeout: client.echo_answer("hello")

    assert client.proxy.echo("hello", {"first": 1, "second": 2}) == "hello"
    assert client.proxy.echo("hello", {}) == "hello"

    assert [message.extra.props for message in client.sent] == [{"first": "1", "second": "2"}, {}]


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": {"a": 1}, "extra": {"b": 2}},
        {"timeout": "5"},
        {"timeout": ""},
        {"timeout": []},
        {"timeout": math.nan},
        {"extra": "abc"},
    ],
)
def test_options_that_cannot_be_meant_are_refused_before_anything_is_sent(
    client: Client, options: dict[str, Any]
) -> None:
    with pytest.raises(tce.RpcException) as caught:
        client.proxy.echo_async("a", **options)

    assert (caught.value.errcode, client.sent) == (tce.RPCERROR_DATADIRTY, [])
    assert client.connection.next_deadline() is None


@pytest.mark.parametrize("forever", [math.inf, 10**400])
def test_a_timeout_beyond_all_clocks_is_none(client: Client, forever: float) -> None:
    client.proxy.echo_async("a", timeout=forever)
    assert (len(client.sent), client.connection.next_deadline()) == (1, None)


@pytest.mark.parametrize("extra", [{"a": "\ud83d"}, {"\ude00": 1}])
def test_extra_values_that_cannot_be_said_are_refused_and_take_no_token_along(
    client: Client, extra: dict[str, str | int]
) -> None:
    client.connection.setToken("secret")

    assert client.proxy.echo_async("a", extra=extra).exception().errcode == tce.RPCERROR_DATADIRTY
    with pytest.raises(tce.RpcException, match=r"RPCERROR_DATADIRTY: .*note: extra values"):
        client.proxy.note_oneway("a", extra=extra)
    with pytest.raises(tce.RpcException, match="RPCERROR_DATADIRTY"):
        client.proxy.echo("\ud83d")
    assert client.proxy.echo_async("x" * 2**20).exception().errcode == tce.RPCERROR_SENDFAILED

    client.proxy.note_oneway("a")
    assert [message.extra.props for message in client.sent] == [{"__token__": "secret"}]


def test_an_answer_that_comes_too_late_is_ignored(client: Client) -> None:
    promise = client.proxy.echo_async("a", timeout=1.0)
    client.connection.expire(200.0)

    client.echo_answer("late")

    assert promise.exception().errcode == tce.RPCERROR_TIMEOUT


def test_a_lost_connection_ends_all_calls_at_once(client: Client) -> None:
    calls = [client.proxy.echo_async("a"), client.proxy.nop_async()]

    client.connection.lost()

    assert [call.exception().errcode for call in calls] == [tce.RPCERROR_CONNECTION_LOST] * 2
    assert client.connection.next_deadline() is None


def test_a_callback_may_call_again_while_all_calls_are_ended(client: Client) -> None:
    again = []
    client.proxy.echo_async("a", error=lambda *args: again.append(client.proxy.echo_async("b")))

    client.connection.lost()

    assert [call.done() for call in again] == [False]


def test_a_callback_may_end_other_calls_while_some_expire(client: Client) -> None:
    client.proxy.echo_async("a", timeout=1, error=lambda *args: client.connection.lost())
    other = client.proxy.echo_async("b", timeout=1)

    client.connection.expire(200.0)

    assert other.exception().errcode == tce.RPCERROR_CONNECTION_LOST


def test_the_token_goes_with_the_first_message_of_each_stream_only(client: Client) -> None:
    client.connection.setToken("secret", device_id="phone")
    client.proxy.echo_async("a", extra={"n": "1"})
    client.proxy.echo_async("b", extra={"n": "1"})
    client.connection.lost()
    client.proxy.note_oneway("c")
    client.connection.opened()
    client.proxy.note_oneway("d")

    assert [message.extra.props for message in client.sent] == [
        {"__token__": "secret", "__device_id__": "phone", "n": "1"},
        {"n": "1"},
        {"__token__": "secret", "__device_id__": "phone"},
        {},
    ]


def test_a_token_that_is_set_later_goes_with_the_next_message(client: Client) -> None:
    client.proxy.echo_async("a")
    client.connection.setToken("one")
    client.proxy.echo_async("b")

    assert [message.extra.props for message in client.sent] == [{}, {"__token__": "one"}]


def test_a_token_that_could_not_be_sent_goes_with_the_next_message(client: Client) -> None:
    client.connection.setToken("secret")
    client.transport.refusal = tce.RpcException(tce.RPCERROR_CONNECT_FAILED)
    client.proxy.echo_async("a")
    client.transport.refusal = None
    client.proxy.echo_async("b")

    assert [message.extra.props for message in client.sent] == [{"__token__": "secret"}]


def test_extra_values_of_one_call_are_not_those_of_the_next(client: Client) -> None:
    extra = {"a": "b"}
    client.connection.setToken("secret")
    client.proxy.echo_async("a", extra=extra)

    assert extra == {"a": "b"}


def test_another_thread_hands_its_call_over(client: Client) -> None:
    client.transport.in_own_thread = False
    promise = client.proxy.echo_async("a")
    client.proxy.note_oneway("b")
    assert client.sent == []

    for work in client.transport.work:
        work()
    assert [message.calltype for message in client.sent] == [1, 0x21]
    client.echo_answer("x", index=0)

    assert promise.result() == "x"


def test_a_one_way_call_of_another_thread_that_cannot_be_sent_is_logged(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.transport.in_own_thread = False
    client.transport.refusal = tce.RpcException(tce.RPCERROR_SENDFAILED, "gone")
    client.proxy.note_oneway("b")

    client.transport.work[0]()

    assert "test.I7.note was not sent: RPCERROR_SENDFAILED: gone" in caplog.text


def test_long_calls_are_compressed_for_a_peer_that_is_known_to_inflate(client: Client) -> None:
    client.proxy.echo_async("x" * 500)
    assert len(client.transport.take()) > 500
    client.connection.receive(wrap(RpcMessage(2, 1).pack(), version=0x01000000))
    client.proxy.echo_async("x" * 500)

    assert len(client.transport.take()) < 100


def test_both_sides_may_call_with_equal_numbers() -> None:
    one = open_connection(servant=Calculator())
    other = open_connection(servant=Calculator())
    first = CalculatorPrx(one).echo_async("to other")
    second = CalculatorPrx(other).echo_async("to one")
    exchange(one, other)

    assert (first.result(), second.result()) == ("to other", "to one")


def test_an_operation_without_a_result_gives_none() -> None:
    assert NOP.read_result(b"") is None


def test_calls_need_a_link_and_no_connection() -> None:
    transport = MemoryTransport()
    link = Link(transport)
    calls, others = Calls(link), Calls(Link(MemoryTransport()))
    calls.take_answers_of(others)
    first, second = calls.call(ECHO, ("a",)), others.call(ECHO, ("b",))
    own = RpcMessage.parse(transport.packets[0][14:]).sequence
    assert (calls.is_waiting_for(own), len(calls), len(others)) == (True, 1, 1)

    for sequence, text in ((own, "one"), (own + 1, "other")):
        body = RpcMessage(2, sequence, paramstream=ECHO.write_result(text)).pack()
        assert calls.take_answer(parse_body(body)) is True
        assert calls.take_answer(parse_body(body)) is False

    assert (first.result(), second.result()) == ("one", "other")


def test_one_way_calls_of_one_turn_of_the_loop_leave_in_two_writes() -> None:
    transport = MemoryTransport()
    transport.has_loop = True
    proxy = CalculatorPrx(open_connection(transport))

    for text in "abcd":
        proxy.note_oneway(text)
    assert [len(packets) for packets in transport.writes] == [1]

    transport.work.pop()()
    assert [len(packets) for packets in transport.writes] == [1, 3]
    messages = [RpcMessage.parse(packet[14:]) for packet in transport.packets]
    assert [NOTE.read_params(message.paramstream) for message in messages] == [("a",), ("b",), ("c",), ("d",)]
    assert transport.work == []


def test_calls_that_are_kept_for_the_end_of_a_turn_do_not_become_many_bytes() -> None:
    transport = MemoryTransport()
    transport.has_loop = True
    proxy = CalculatorPrx(open_connection(transport))

    for _ in range(4):
        proxy.note_oneway("x" * (GATHERED_BYTES // 2))
    assert [len(packets) for packets in transport.writes] == [1, 2]


def test_who_waits_for_an_answer_waits_for_no_turn() -> None:
    transport = MemoryTransport()
    transport.has_loop = True
    proxy = CalculatorPrx(open_connection(transport))
    proxy.note_oneway("a")
    proxy.note_oneway("b")

    proxy.conn.call(ECHO, ("c",), at_once=True)
    assert [len(packets) for packets in transport.writes] == [1, 2]


def test_what_cannot_be_written_at_the_end_of_a_turn_ends_with_its_stream() -> None:
    transport = MemoryTransport()
    transport.has_loop = True
    connection = open_connection(transport)
    proxy = CalculatorPrx(connection)
    proxy.note_oneway("a")
    promise = proxy.echo_async("b")

    transport.refusal = tce.RpcException(tce.RPCERROR_SENDFAILED, "closing")
    transport.work.pop()()
    assert not promise.done()
    connection.lost()
    assert promise.exception().errcode == tce.RPCERROR_CONNECTION_LOST

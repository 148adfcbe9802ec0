"""Adapters, servants and users (TCE protocol, sections 5.4 and 6.1)."""

from collections.abc import Callable
from typing import Any

import pytest

import tcelib as tce
from tcelib.core.connection import RpcConnection, RpcContext
from tcelib.core.operation import Operation
from tcelib.core.promise import RpcPromise
from tcelib.core.servant import Servant
from tcelib.wire.message import RpcExtraData, RpcMessage
from tcelib.wire.packet import wrap
from tests.tcelib.idl_value import make_operation
from tests.tcelib.peer import ADD, Calculator, CalculatorPrx, MemoryTransport, exchange, open_connection
from tests.tcelib.vectors import VECTORS

BASE_PING = make_operation("ping", 11, 0, (), "string")
DERIVED_PONG = make_operation("pong", 2, 0, (), "string")


class Base(tce.Servant):
    INTERFACE = tce.Interface("test.Base", ifidx=11, operations=(BASE_PING,))

    def ping(self, ctx: RpcContext) -> str:
        return "base"


class Derived(Base):
    INTERFACE = tce.Interface("test.Derived", ifidx=2, operations=(DERIVED_PONG,), bases=(Base.INTERFACE,))

    def pong(self, ctx: RpcContext) -> str:
        return "derived"


def ask(operation: Operation, servant: Servant) -> str | None:
    client, server = open_connection(), open_connection(servant=servant)
    promise = client.call(operation, ())
    exchange(client, server)
    return promise.result()


def test_a_derived_servant_serves_its_bases_interfaces_by_their_own_indexes() -> None:
    assert ask(BASE_PING, Derived()) == "base"
    assert ask(DERIVED_PONG, Derived()) == "derived"


def test_a_derived_servant_may_change_what_it_inherits() -> None:
    class Changed(Derived):
        def ping(self, ctx: RpcContext) -> str:
            return "changed"

    assert ask(BASE_PING, Changed()) == "changed"


def test_a_servant_may_serve_two_interfaces_that_know_nothing_of_each_other() -> None:
    class Both(Derived, Calculator):
        pass

    assert ask(DERIVED_PONG, Both()) == "derived"
    routes = tce.RpcCommAdapter().addServant(Both()).routes
    assert {route >> 16 for route in routes} == {each.INTERFACE.ifidx for each in (Base, Derived, Calculator)}


def test_the_servant_that_was_added_last_serves() -> None:
    adapter = tce.RpcCommAdapter()
    first, second = Calculator(), Calculator()
    assert adapter.addServant(first).addServant(second) is adapter
    client, server = open_connection(), open_connection()
    adapter.addConnection(server)
    CalculatorPrx(client).note_oneway("x")
    exchange(client, server)

    assert (first.notes, second.notes) == ([], ["x"])


def test_two_interfaces_with_one_index_are_refused_by_name() -> None:
    class Other(tce.Servant):
        INTERFACE = tce.Interface("other.Thing", ifidx=7, operations=())

    adapter = tce.RpcCommAdapter().addServant(Calculator())
    with pytest.raises(ValueError, match=r"other\.Thing has index 7, and so has test\.I7"):
        adapter.addServant(Other())


def test_two_interfaces_of_one_servant_with_one_index_are_refused_and_nothing_is_added() -> None:
    class Other(Calculator):
        INTERFACE = tce.Interface("other.Thing", ifidx=7, operations=())

    adapter = tce.RpcCommAdapter()
    with pytest.raises(ValueError, match="index 7"):
        adapter.addServant(Other())
    assert adapter.routes == {}


def test_an_interface_may_be_served_by_another_index_too() -> None:
    server = open_connection(servant=Calculator())
    assert server.adapter.addAlias(0, of=7) is server.adapter
    server.receive(VECTORS["js.call.echo_string('hello')"].data)

    (packet,) = server.transport.packets
    answer = RpcMessage.parse(packet[14:])
    assert (answer.ifidx, answer.errcode, answer.paramstream) == (0, 0, b"\0\0\0\5hello")


def test_an_alias_of_nothing_and_one_that_is_taken_are_refused() -> None:
    adapter = tce.RpcCommAdapter().addServant(Derived())
    with pytest.raises(ValueError, match="no interface with index 9"):
        adapter.addAlias(0, of=9)
    with pytest.raises(ValueError, match=r"test\.Derived cannot have index 11, which test\.Base has"):
        adapter.addAlias(11, of=2)


def test_an_operation_may_have_another_name_in_python() -> None:
    operation = tce.Operation(
        "test.I1",
        "import",
        method="import_",
        ifidx=1,
        opidx=0,
        is_void=True,
        write_params=tce.write_nothing,
        read_params=tce.read_nothing,
        write_result=tce.write_void,
        read_result=tce.read_void,
    )
    calls = []

    class Customs(tce.Servant):
        INTERFACE = tce.Interface("test.I1", ifidx=1, operations=(operation,))

        def import_(self, ctx: RpcContext) -> None:
            calls.append(ctx)

    ask(operation, Customs())

    assert len(calls) == 1
    assert repr(operation) == "<Operation test.I1.import 1.0>"
    assert repr(Customs.INTERFACE) == "<Interface test.I1 1>"


def test_a_servant_added_later_serves_connections_that_are_there() -> None:
    adapter = tce.RpcCommAdapter()
    client, server = open_connection(), open_connection()
    adapter.addConnection(server)
    adapter.addServant(Calculator())
    promise = CalculatorPrx(client).echo_async("x")
    exchange(client, server)

    assert promise.result() == "x"


def test_a_connection_without_an_adapter_serves_nothing() -> None:
    client, server = open_connection(), open_connection(servant=Calculator())
    server.adapter.removeConnection(server)
    promise = CalculatorPrx(client).echo_async("x")
    exchange(client, server)

    assert promise.exception().errcode == tce.RPCERROR_INTERFACE_NOTFOUND
    assert server.adapter is None


def test_a_connection_belongs_to_one_adapter() -> None:
    first, second = tce.RpcCommAdapter("first"), tce.RpcCommAdapter("second")
    connection = open_connection()
    first.addConnection(connection)
    second.addConnection(connection)
    first.removeConnection(connection)

    assert first.connections == set()
    assert second.connections == {connection}
    assert connection.adapter is second


def test_both_ways_over_one_connection() -> None:
    pushed = Calculator()

    class Pushing(Calculator):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            CalculatorPrx(ctx.conn).note_oneway(f"{text} to you")
            return text

    client, server = open_connection(servant=pushed), open_connection(servant=Pushing())
    promise = CalculatorPrx(client).echo_async("hello")
    exchange(client, server)

    assert promise.result() == "hello"
    assert pushed.notes == ["hello to you"]


def test_a_users_connection_is_the_one_that_was_given_the_id_last() -> None:
    adapter = tce.RpcCommAdapter()
    first, second = open_connection(), open_connection()
    adapter.addConnection(first).addConnection(second)
    first.setUserId("17")
    second.setUserId(17)
    assert adapter.getUserConnection(17) is second

    first.lost()
    assert adapter.getUserConnection("17") is second
    second.lost()
    assert adapter.getUserConnection("17") is None
    assert adapter.connections == set()


def test_a_user_who_changes_is_found_by_the_new_id_only() -> None:
    adapter = tce.RpcCommAdapter()
    connection = open_connection()
    connection.setUserId("1")
    adapter.addConnection(connection)
    assert adapter.getUserConnection("1") is connection

    connection.setUserId("2")

    assert adapter.getUserConnection("1") is None
    assert adapter.getUserConnection("2") is connection
    assert connection.getUserId() == "2"


def test_a_connection_that_comes_back_is_in_its_adapter_again() -> None:
    adapter = tce.RpcCommAdapter()
    connection = open_connection()
    adapter.addConnection(connection)
    connection.setUserId("1")
    connection.lost()
    connection.opened()

    assert adapter.getUserConnection("1") is connection
    assert adapter.connections == {connection}


def test_a_message_is_delivered_to_the_user_it_names() -> None:
    adapter = tce.RpcCommAdapter()
    transport = MemoryTransport()
    connection = open_connection(transport)
    adapter.addConnection(connection)
    connection.setUserId("1")

    assert adapter.sendMessage(RpcMessage(0x21, 5, extra=RpcExtraData({"__user_id__": "1"}))) is True
    assert adapter.sendMessage(RpcMessage(0x21, 6, extra=RpcExtraData({"__user_id__": "2"}))) is False
    assert [RpcMessage.parse(packet[14:]).sequence for packet in transport.packets] == [5]


class Home:
    """A server's connections of users, each with a call that waits for its answer."""

    def __init__(self) -> None:
        self.adapter = tce.RpcCommAdapter()

    def accept(self, user: str | None = None, **options: bool) -> RpcConnection:
        connection = open_connection()
        if user is not None:
            connection.setUserId(user, **options)
        self.adapter.addConnection(connection)
        return connection

    def call(self, connection: RpcConnection) -> tuple[RpcPromise[Any], int]:
        """The promise of a call, and its number."""
        promise = connection.call(ADD, (1, 2))
        return promise, RpcMessage.parse(connection.transport.packets[-1][14:]).sequence

    def answer(self, connection: RpcConnection, sequence: int, **extra: str) -> None:
        message = RpcMessage(2, sequence, 7, paramstream=b"\0\0\0\3", extra=RpcExtraData(extra))
        connection.receive(wrap(message.pack(), version=0x100))


def test_an_answer_may_come_on_another_connection_of_a_user_who_is_known() -> None:
    home = Home()
    one, other = home.accept("ann"), home.accept("ann")
    promise, sequence = home.call(one)

    home.answer(other, sequence)
    assert promise.result() == 3

    home.answer(other, sequence)
    assert (home.adapter.dropped_answers, other.dropped_answers) == (1, 1)


@pytest.mark.parametrize("claims", [{}, {"__user_id__": "ann", "__token__": "token of ann"}])
@pytest.mark.parametrize(
    "stranger",
    [
        lambda home: home.accept("bob"),
        lambda home: home.accept(),
        lambda home: home.accept(""),
        lambda home: home.accept("ann", is_known=False),  # a number that somebody was given
    ],
)
def test_nobody_else_can_answer_whatever_he_says(
    stranger: Callable[[Home], RpcConnection], claims: dict[str, str]
) -> None:
    home = Home()
    other = stranger(home)
    promise, sequence = home.call(home.accept("ann"))

    home.answer(other, sequence, **claims)

    assert not promise.done()
    assert home.adapter.dropped_answers == 1


def test_who_has_a_number_only_gets_no_answers_of_a_user_of_that_name() -> None:
    home = Home()
    promise, sequence = home.call(home.accept("1", is_known=False))

    home.answer(home.accept("1"), sequence)

    assert not promise.done()


def test_a_user_who_left_or_has_become_another_answers_for_nobody() -> None:
    home = Home()
    promise, sequence = home.call(home.accept("ann"))
    left, changed, opened = home.accept("ann"), home.accept("ann"), home.accept("ann")
    home.adapter.removeConnection(left)
    changed.setUserId("bob")
    opened.calls.can_reconnect = True  # this side has opened it: a server is at its other end
    home.adapter.addConnection(opened)

    for connection in (left, changed, opened):
        home.answer(connection, sequence)

    assert not promise.done()
    assert [each.dropped_answers for each in (left, changed, opened)] == [1, 1, 1]


def test_numbers_that_nobody_waits_for_are_counted_and_cost_little() -> None:
    home = Home()
    connections = [home.accept("ann") for _ in range(50)]
    for number in range(1000):
        home.answer(connections[0], number)
    assert home.adapter.dropped_answers == 1000
    for connection in connections:
        connection.lost()
    assert home.adapter._known == {}

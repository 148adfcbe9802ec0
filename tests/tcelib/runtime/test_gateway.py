# ruff: noqa: N802  the names that TCE's users know
"""Gateways between real sockets and real queues."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

import tcelib as tce
from tcelib.gateway.table import MOST_WAITING
from tcelib.redis.redis_connection import plain_client
from tcelib.redis.redis_error import RedisCallError
from tests.conftest import unused_port
from tests.redis_over_tls import sentinel, tls_node
from tests.redis_process import RedisProcess
from tests.sentinel_group import NAME
from tests.tcelib.idl_value import make_operation
from tests.tcelib.runtime.gateway_rig import GatewayRig, errcode_of, until_so
from tests.tcelib.transport.talk import EXTRA, NOTE, NOWHERE, Talk, TalkPrx
from tests.until import until

MakeRig = Callable[..., GatewayRig]
WAIT = make_operation("wait", 22, 0, ())
DEADLINE = 20.0
KINDS = pytest.mark.parametrize("kind", ["stream", "mq"])


@pytest.fixture
def make(tmp_path: Path, redis_url: str) -> MakeRig:
    """Makes a gateway over the Redis of the test."""
    return lambda **options: GatewayRig(tmp_path, redis_url, **options)


@KINDS
@pytest.mark.parametrize("door", ["socket", "websocket"])
def test_a_call_goes_to_the_service_and_its_answer_comes_back(make: MakeRig, kind: str, door: str) -> None:
    with make(kind=kind, door=door) as rig:
        rig.serve()
        assert rig.dial().echo("hello") == "hello"


def test_a_service_behind_a_balancer_is_called_over_tcp(make: MakeRig) -> None:
    with make(out="balancer") as rig:
        rig.serve_tcp()
        assert rig.dial().echo("hello") == "hello"


@KINDS
def test_clients_that_give_their_calls_the_same_numbers_get_their_own_answers(make: MakeRig, kind: str) -> None:
    with make(kind=kind) as rig:
        rig.serve()
        clients = [rig.dial() for _ in range(5)]
        promises = [(f"{n}-{i}", prx.echo_async(f"{n}-{i}")) for i in range(50) for n, prx in enumerate(clients)]
        assert [promise.get() for _, promise in promises] == [text for text, _ in promises]
        assert not any(client.waiting for door in rig.state.table.doors.values() for client in door.clients)


def test_what_a_service_sends_to_a_user_arrives_there_and_nowhere_else(make: MakeRig) -> None:
    with make() as rig:
        service = rig.serve()
        mine, other = (rig.dial() for _ in range(2))
        heard: list[tuple[str, str]] = []
        for name, prx in (("mine", mine), ("other", other)):
            talk = Talk(gevent.event.Event())
            talk.note = lambda text, ctx, name=name: heard.append((name, text))  # type: ignore[method-assign]
            tce.RpcCommAdapter(name).addServant(talk).addConnection(prx.conn)
            prx.echo("here")
        user_id = mine.extra("__user_id__")
        back = TalkPrx(service.getConnectionMQCollection().get("answers"))
        back._send(NOTE, ("to you",), tce.Shortcuts.CALL_USER_ID(user_id))
        until_so(lambda: heard)
        assert heard == [("mine", "to you")]


TRACE = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
}
"""W3C Trace Context, sections 3.2 and 3.3: who has no part in a trace passes both on as they are."""


@pytest.mark.parametrize("name", TRACE)
def test_the_trace_context_of_a_call_reaches_the_service(make: MakeRig, name: str) -> None:
    with make() as rig:
        rig.serve()
        assert rig.dial()._call(EXTRA, (name,), extra=TRACE) == TRACE[name]


def test_the_trace_context_of_a_push_reaches_the_client(make: MakeRig) -> None:
    with make() as rig:
        service, mine = rig.serve(), rig.dial()
        heard: list[dict[str, str]] = []
        talk = Talk(gevent.event.Event())
        talk.note = lambda text, ctx: heard.append(ctx.msg.extra.props)  # type: ignore[method-assign]
        tce.RpcCommAdapter("mine").addServant(talk).addConnection(mine.conn)
        user_id = mine.extra("__user_id__")
        back = TalkPrx(service.getConnectionMQCollection().get("answers"))
        back._send(NOTE, ("to you",), tce.Shortcuts.CALL_USER_ID(user_id, TRACE))
        until_so(lambda: heard)
        assert heard[0].items() >= TRACE.items()


@KINDS
def test_nobody_answers_within_the_timeout_of_the_route_and_a_late_answer_is_dropped(
    make: MakeRig, kind: str
) -> None:
    with make(kind=kind, timeout=0.5) as rig:
        rig.serve()
        prx = rig.dial()
        assert errcode_of(lambda: prx.hold("x", 20.0)) == tce.RPCERROR_TIMEOUT
        rig.servant.gate.set()
        until_so(lambda: rig.state.dropped["late"] == 1, "the late answer has come")
        assert prx.echo("next") == "next"


def test_a_client_that_takes_errors_for_answers_gets_none(make: MakeRig) -> None:
    with make(attributes='errors="silence"') as rig:
        rig.serve()
        prx = rig.dial()
        assert errcode_of(lambda: prx._call(NOWHERE, (), 0.2, None)) == tce.RPCERROR_TIMEOUT
        assert prx.echo("x") == "x"


def test_an_interface_without_a_route_is_an_error_at_once(make: MakeRig) -> None:
    with make() as rig:
        assert errcode_of(rig.dial().nowhere) == tce.RPCERROR_INTERFACE_NOTFOUND


def test_a_client_whose_user_is_not_known_is_refused_until_he_is(make: MakeRig) -> None:
    class Tokens(tce.RpcConnectionEventListener):
        def onDataPacket(self, conn: Any, m: tce.RpcMessage) -> bool:
            token = m.extra.props.get("__token__")
            if token:
                conn.setUserId(token)
            return True

    with make(checks="true", listener=Tokens()) as rig:
        rig.serve()
        prx = rig.dial()
        assert errcode_of(lambda: prx.echo("x")) == tce.RPCERROR_CONNECT_REJECT
        prx.conn.setToken("ann")
        assert prx.extra("__user_id__") == "ann"
        assert prx.extra("__user_id__", extra={"__user_id__": "bob"}) == "ann"


def test_a_connection_with_too_many_calls_is_read_no_further_until_some_are_answered(make: MakeRig) -> None:
    with make() as rig:
        rig.serve()
        prx, other = rig.dial(), rig.dial()
        promises = [prx.hold_async(str(n)) for n in range(MOST_WAITING + 20)]
        until_so(lambda: most_waiting(rig) == MOST_WAITING)
        assert not any(promise.done() for promise in promises)
        rig.servant.gate.set()
        assert [promise.get() for promise in promises] == [str(n) for n in range(MOST_WAITING + 20)]
        assert other.echo("x") == "x"


class Local(tce.Servant):
    """A servant of the gateway itself, which waits for ``gate``."""

    INTERFACE = tce.Interface("test.Tcp", ifidx=22, operations=(WAIT,))

    def __init__(self) -> None:
        self.gate = gevent.event.Event()

    def wait(self, ctx: tce.RpcContext) -> None:
        self.gate.wait()


class Noting(Talk):
    """A service that notes all that comes, in its order."""

    def hold(self, text: str, ctx: tce.RpcContext) -> Any:
        self.notes.append(text)
        return super().hold(text, ctx)


def test_calls_keep_their_order_though_a_servant_of_the_gateway_ends_while_one_waits_for_room(make: MakeRig) -> None:
    with make() as rig:
        rig.servant = Noting(gevent.event.Event())
        rig.serve()
        local = Local()
        rig.gateway.createAdapter("clients", "clients").addServant(local)
        rig.state.table.doors["clients"].most_waiting = 2
        prx = rig.dial()
        waits = prx.conn.call(WAIT, ())
        promises = [prx.hold_async(str(n)) for n in range(3)]
        for n in range(3, 6):
            prx.note_oneway(f"note {n}")
            promises.append(prx.hold_async(str(n)))
        until_so(lambda: unserved(rig) == 6, "the third finds no room, and all others are here")
        local.gate.set()
        waits.get(DEADLINE)
        rig.servant.gate.set()
        assert [promise.get(DEADLINE) for promise in promises] == [str(n) for n in range(6)]
        assert rig.servant.notes == ["0", "1", "2", "note 3", "3", "note 4", "4", "note 5", "5"]


class Waiting(tce.RpcConnectionEventListener):
    """A listener that lets one message wait for ``gate``."""

    def __init__(self, text: str) -> None:
        self.text = NOTE.write_params(text)
        self.gate = gevent.event.Event()
        self.passed = False

    def onDataPacket(self, conn: Any, m: tce.RpcMessage) -> bool:
        if m.paramstream == self.text:
            self.gate.wait()
            self.passed = True
        return True


def test_of_two_calls_that_wait_for_room_at_the_same_time_both_are_answered(make: MakeRig) -> None:
    listener = Waiting("first")
    with make(listener=listener) as rig:
        rig.serve()
        rig.state.table.doors["clients"].most_waiting = 1
        prx = rig.dial()
        promises = [prx.hold_async(text) for text in ("first", "second", "third")]
        until_so(lambda: most_waiting(rig) == 1 and rig.gateway._gateway._rooms, "the third finds no room")  # type: ignore[union-attr]
        listener.gate.set()
        until_so(lambda: listener.passed, "neither does the first, which its listener has let pass")
        rig.servant.gate.set()
        assert [promise.get(DEADLINE) for promise in promises] == ["first", "second", "third"]


def unserved(rig: GatewayRig) -> int:
    """Calls that have come to the gateway and wait there for their turn."""
    return sum(len(client.connection.link.waiting) for client in rig.state.table.doors["clients"].clients)


def most_waiting(rig: GatewayRig) -> int:
    return max((len(client.waiting) for client in rig.state.table.doors["clients"].clients), default=0)


def test_while_the_queue_is_away_calls_fail_in_time_and_then_all_goes_on(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server, GatewayRig(tmp_path, server.url, timeout=2) as rig:
        rig.serve()
        prx = rig.dial()
        assert prx.echo("before") == "before"
        server.stop()
        assert errcode_of(lambda: prx.echo("meanwhile", 20.0)) in (
            tce.RPCERROR_CONNECT_UNREACHABLE,
            tce.RPCERROR_TIMEOUT,
        )
        started = threading.Thread(target=server.start)
        started.start()
        until_so(lambda: not started.is_alive())
        until_so(lambda: prx.echo("after", 20.0) == "after", "it works again")


def test_queues_may_be_at_a_redis_that_sentinels_name_over_tls(tmp_path: Path, certificate: Path) -> None:
    primary, guide = unused_port(), unused_port()
    with tls_node(tmp_path / "node", primary, certificate), sentinel(tmp_path, guide, primary, certificate):
        url = f"rediss+sentinel://localhost:{guide}/{NAME}/0?ssl_ca_certs={certificate}"
        until(lambda: is_there(url), "the Sentinel leads to the primary", tolerated=RedisCallError)
        with GatewayRig(tmp_path, url) as rig:
            assert rig.state.away == {"calls"}
            rig.serve()
            assert rig.dial().echo("hello") == "hello"


def is_there(url: str) -> bool:
    """Return true if a server answers there; raises ``RedisCallError`` if none does."""
    with plain_client(url) as client:
        return client.call("PING") is not None

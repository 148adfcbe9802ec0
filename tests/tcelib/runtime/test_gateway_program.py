# ruff: noqa: N802  the names that TCE's users know
"""Programs around a gateway, as users write them: servants, listeners, and the names that they call."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tcelib as tce
from tcelib.gateway.table import MOST_WAITING
from tests.tcelib.idl_value import make_operation
from tests.tcelib.runtime.gateway_rig import GatewayRig, errcode_of, until_so
from tests.tcelib.transport.talk import Talk, TalkPrx

LONG = 60.0
ASK = make_operation("ask", 300, 0, ("string",), "string")
MakeRig = Callable[..., GatewayRig]


@pytest.fixture
def make(tmp_path: Path, redis_url: str) -> MakeRig:
    """Makes a gateway over the Redis of the test."""
    return lambda **options: GatewayRig(tmp_path, redis_url, **options)


class Desk(tce.Servant):
    """A servant of the gateway that asks a service."""

    INTERFACE = tce.Interface("test.Desk", ifidx=300, operations=(ASK,))

    def __init__(self, service: TalkPrx) -> None:
        self._service = service

    def ask(self, text: str, ctx: tce.RpcContext) -> str:
        return f"the service says {self._service.echo(text)}"


class Told(tce.RpcConnectionEventListener):
    """Tells a client in words why it has to go, as Koala's gateway does."""

    def onDataPacket(self, conn: Any, m: tce.RpcMessage) -> bool:
        if conn.getRecvedMessageCount() == 1 and m.extra.getValue("__token__") != "good":
            TalkPrx(conn).note_oneway("a bad token")
            return False
        return True


def test_a_servant_of_the_gateway_serves_and_calls_a_service(make: MakeRig) -> None:
    with make() as rig:
        rig.serve()
        queue = rig.gateway.currentServer().findEndPointByName("calls").impl
        rig.gateway.createAdapter("clients", "clients").addServant(Desk(TalkPrx(queue)))
        prx = rig.dial()
        assert prx._call(ASK, ("who?",), LONG, None) == "the service says who?"
        assert prx.echo("44 is 300 in eight bits, and no route") == "44 is 300 in eight bits, and no route"


def test_a_listener_may_tell_a_client_why_it_has_to_go(make: MakeRig) -> None:
    with make(listener=Told()) as rig:
        rig.serve()
        prx, heard = rig.dial(), Talk(None)
        tce.RpcCommAdapter("heard").addServant(heard).addConnection(prx.conn)
        prx.conn.setToken("bad")
        assert errcode_of(lambda: prx.echo("x")) == tce.RPCERROR_CONNECTION_LOST
        until_so(lambda: heard.notes == ["a bad token"], "it was told")
        prx.conn.setToken("good")
        assert prx.echo("x") == "x"


def test_a_client_that_leaves_while_its_calls_wait_for_room_harms_nobody(
    make: MakeRig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with make() as rig:
        rig.serve()
        prx, other = rig.dial(), rig.dial()
        promises = [prx.hold_async(str(n)) for n in range(MOST_WAITING + 20)]
        clients = rig.state.table.doors["clients"].clients
        until_so(lambda: any(client.is_full for client in clients), "its calls wait")
        prx.conn.close()
        until_so(lambda: all(promise.done() for promise in promises) and len(clients) == 0, "it is forgotten")
        rig.servant.gate.set()
        assert other.echo("x") == "x"
        until_so(lambda: rig.state.dropped["late"] == MOST_WAITING, "the answers have come")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert capfd.readouterr() == ("", "")  # the original prints its users with each answer, and a traceback here


def test_an_adapter_of_clients_may_be_stopped_and_the_rest_goes_on(make: MakeRig) -> None:
    with make() as rig:
        rig.serve()
        prx = rig.dial()
        assert prx.echo("x") == "x"
        rig.gateway.createAdapter("clients", "clients").stop()
        assert errcode_of(lambda: rig.dial().echo("x", LONG)) == tce.RPCERROR_CONNECT_FAILED


def test_a_queue_at_a_broker_is_opened_by_the_name_that_original_programs_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tce.RpcCommunicator, "_default", tce.RpcCommunicator())
    monkeypatch.setitem(sys.modules, "proton", None)
    with pytest.raises(ModuleNotFoundError, match=r"rtserver\[amqp\]"):
        tce.RpcConnectionQpidMQ.create("calls", "localhost", 5672, "calls;{create:always}", tce.AF_WRITE)


def test_the_program_knows_its_server_by_the_names_of_the_originals(make: MakeRig) -> None:
    with make() as rig:
        server = rig.gateway.currentServer()
        assert (server.getName(), server.name) == ("gateway", "gateway")
        assert server.getPropertyValue("loopback") == server.props["loopback"] == "calls#answers"
        assert server.getPropertyValue("nothing", "else") == "else"
        assert list(server.routes) == ["test.Talk"]
        assert server.ep_reads == ("clients", "answers")
        assert server.ep_writes == ("calls", "clients")
        assert sorted(server.name_eps) == ["answers", "balancer", "calls", "clients"]
        calls, answers = map(server.findEndPointByName, server.getPropertyValue("loopback").split("#"))
        assert (calls.type, answers.type) == ("stream", "stream")
        calls.impl.setLoopbackMQ(answers.impl)  # as each original gateway does, though it is done already
        assert server.findEndPointByName("nobody") is None
        assert rig.gateway.getConnectionMQCollection().get("calls") is calls.impl


def test_a_name_that_is_no_server_of_the_file_opens_nothing_and_is_no_mistake(make: MakeRig) -> None:
    with make() as rig:
        other = rig.program("nobody")
        assert other.initMessageRoute(rig.file)
        assert other.currentServer().routes == {}
        assert other.currentServer().findEndPointByName("calls") is None
        assert other.getConnectionMQCollection().get("calls") is None


def test_an_endpoint_that_cannot_be_opened_is_false_and_one_line_of_the_log(
    make: MakeRig, caplog: pytest.LogCaptureFixture
) -> None:
    with make() as rig:
        queue, broken = 'type="stream" host', 'type="qpid" port="5672" certfile="/none" host'
        text = rig.file.read_text().replace(f'name="calls" {queue}="{rig.url}"', f'name="calls" {broken}="there"')
        rig.file.write_text(text)
        other = rig.program("gateway")
        assert not other.initMessageRoute(rig.file)
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage().startswith("! calls cannot be opened: ")

"""Services that a gateway reaches over TCP: their calls fail as soon as they are lost, and they are found again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import gevent.event
import pytest
from gevent.server import StreamServer

import tcelib as tce
from tests.haproxy_process import HAProxyProcess
from tests.tcelib.runtime.gateway_rig import GatewayRig, errcode_of, until_so
from tests.tcelib.transport.talk import Talk, TalkPrx

LONG = 60.0
MakeRig = Callable[..., GatewayRig]


@pytest.fixture
def make(tmp_path: Path, redis_url: str) -> MakeRig:
    """Makes a gateway that reaches its service over TCP."""
    return lambda **options: GatewayRig(tmp_path, redis_url, out="balancer", **options)


class Mute(StreamServer):
    """A service that takes calls and answers none. It may end all connections at once."""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), self._take)
        self.calls = 0
        self._end = gevent.event.Event()
        self.start()

    def cut(self) -> None:
        """End the connections."""
        self._end.set()

    def _take(self, sock: gevent.socket.socket, address: object) -> None:
        sock.recv(65536)
        self.calls += 1
        self._end.wait()
        sock.close()


def test_a_service_that_is_lost_answers_the_calls_that_wait_at_once(make: MakeRig) -> None:
    with make() as rig:
        service = Mute(rig.service_port)
        prx, other = rig.dial(), rig.dial()
        promises = [prx.hold_async("1", timeout=LONG), other.hold_async("2", timeout=LONG)]
        until_so(lambda: service.calls and rig.state.table.doors["clients"].clients, "it has the calls")
        until_so(lambda: sum(len(each.waiting) for each in rig.state.table.doors["clients"].clients) == 2)
        service.cut()
        assert [errcode_of(promise.get) for promise in promises] == [tce.RPCERROR_CONNECTION_LOST] * 2
        assert rig.state.refused["lost"] == 2
        service.stop()


def test_a_service_that_is_not_there_is_an_error_at_once(make: MakeRig) -> None:
    with make() as rig:
        assert errcode_of(lambda: rig.dial().echo("x", LONG)) == tce.RPCERROR_CONNECT_UNREACHABLE
        assert rig.state.refused["unsent"] == 1


def test_a_service_is_connected_to_without_a_call_and_again_after_its_end(make: MakeRig) -> None:
    with make() as rig:
        first = rig.serve_tcp()
        until_so(lambda: opened(rig), "it is connected to")
        first.shutdown()
        until_so(lambda: not opened(rig), "it is lost")
        rig.serve_tcp()
        until_so(lambda: opened(rig), "it is connected to again")
        assert rig.dial().echo("x") == "x"


def test_clients_that_take_errors_for_answers_hear_nothing_of_a_lost_service(make: MakeRig) -> None:
    with make(attributes='errors="silence"') as rig:
        assert errcode_of(lambda: rig.dial().echo("x", 0.2)) == tce.RPCERROR_TIMEOUT
        assert rig.state.dropped["silenced"] == 1


class Numbered(Talk):
    """A service that says which one it is."""

    def __init__(self, number: int) -> None:
        super().__init__(None)
        self._number = number

    def echo(self, text: str, ctx: tce.RpcContext) -> str:
        return f"{self._number}"


@pytest.fixture
def services() -> Iterator[list[tuple[tce.RpcCommunicator, int]]]:
    """Two services that listen, and their ports."""
    programs = [tce.RpcCommunicator().init(f"{number}") for number in range(2)]
    ports = []
    for number, program in enumerate(programs):
        ep = tce.RpcEndPoint(host="127.0.0.1")
        program.createAdapter("talk", ep).addServant(Numbered(number))
        ports.append(ep.port)
    yield list(zip(programs, ports, strict=True))
    for program in programs:
        program.shutdown()


def test_behind_haproxy_calls_go_to_another_service_when_one_has_ended(
    make: MakeRig, tmp_path: Path, services: list[tuple[tce.RpcCommunicator, int]]
) -> None:
    with HAProxyProcess(tmp_path, [port for _, port in services]) as proxy, make(service_port=proxy.port) as rig:
        prx = rig.dial()
        first = int(next_answer(prx))
        services[first][0].shutdown()
        assert int(next_answer(prx, unlike=first)) == 1 - first
        assert set(rig.state.refused) <= {"lost", "unsent"}


def next_answer(prx: TalkPrx, unlike: int = -1) -> str:
    """The first answer that another service than ``unlike`` gives. What fails until then fails at once."""
    answers: list[str] = []
    errcodes: set[int] = set()

    def is_there() -> bool:
        try:
            answers.append(prx.echo("x", LONG))
        except tce.RpcException as error:
            errcodes.add(error.errcode)
        return bool(answers) and answers[-1] != f"{unlike}"

    until_so(is_there, "a service answers")
    assert errcodes <= {tce.RPCERROR_CONNECTION_LOST, tce.RPCERROR_CONNECT_UNREACHABLE}
    return answers[-1]


def opened(rig: GatewayRig) -> bool:
    """Return whether the gateway has a connection to its service."""
    ep = rig.gateway.currentServer().findEndPointByName("balancer")
    return ep.impl is not None and ep.impl.is_open

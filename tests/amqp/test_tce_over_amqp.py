"""Calls of TCE over a broker: ``type_='qpid'``."""

from collections.abc import Iterator

import pytest

import tcelib as tce
from tests.amqp.broker_thread import BrokerThread
from tests.tcelib.transport.gevent_rig import HubThread
from tests.tcelib.transport.talk import Talk, TalkPrx
from tests.until import until

HEALED_SECONDS = 15.0


class Programs(HubThread):
    """A server and a client, each with a communicator of its own, on one hub."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__()
        self._url, self._name = url, name
        self._communicators: list[tce.RpcCommunicator] = []
        self.servants: list[Talk] = []
        self.run(self._begin_server)
        self.prx = self.run(self._begin_client)

    def endpoint(self, communicator: tce.RpcCommunicator, name: str, kind: str = "queue") -> tce.RpcEndPoint:
        """An endpoint as services.xml writes it, with a name of its own at the broker."""
        address = f"{self._name}-{name};{{create:always,node:{{type:{kind},durable:true}}}}"
        return communicator.addEndPoint(tce.RpcEndPoint(name, self._url, type_="qpid", addr=address))

    def communicator(self) -> tce.RpcCommunicator:
        self._communicators.append(tce.RpcCommunicator())
        return self._communicators[-1]

    def serve(self, communicator: tce.RpcCommunicator, name: str, kind: str = "queue") -> None:
        """A servant that reads a node."""
        servant = Talk(None)
        self.servants.append(servant)
        communicator.createAdapter(name, self.endpoint(communicator, name, kind)).addServant(servant)

    def _begin_server(self) -> None:
        server = self.communicator()
        self.endpoint(server, "answers").open(tce.AF_WRITE)
        self.serve(server, "calls")

    def _begin_client(self) -> TalkPrx:
        client = self.communicator()
        prx = TalkPrx.create(self.endpoint(client, "calls"))
        assert isinstance(prx.conn, tce.RpcQueueConnection)
        answers = self.endpoint(client, "answers").open(tce.AF_READ)
        assert isinstance(answers, tce.RpcQueueConnection)
        prx.conn.setLoopbackMQ(answers)
        return prx

    def close(self) -> None:
        for communicator in self._communicators:
            self.run(communicator.shutdown)
        self.end_thread()


@pytest.fixture
def programs(broker_url: str, unused_name: str) -> Iterator[Programs]:
    programs = Programs(broker_url, unused_name)
    yield programs
    programs.close()


def test_calls_and_answers_go_over_queues(programs: Programs) -> None:
    assert programs.run(lambda: programs.prx.echo("hello")) == "hello"
    many = programs.run(lambda: [programs.prx.echo_async(str(number)) for number in range(20)])
    until(lambda: all(promise.done() for promise in many), "all are answered")
    assert [promise.result() for promise in many] == [str(number) for number in range(20)]
    with pytest.raises(tce.RpcException):
        programs.run(lambda: programs.prx.fail("x"))


def test_a_call_on_a_topic_reaches_every_server(programs: Programs) -> None:
    servers = [programs.run(programs.communicator) for _ in range(2)]
    for server in servers:
        programs.run(lambda server=server: programs.serve(server, "broadcast", "topic"))
    writer = programs.run(lambda: TalkPrx.create(programs.endpoint(programs.communicator(), "broadcast", "topic")))

    def reaches_both() -> bool:
        programs.run(lambda: writer.note_oneway("hello"))
        return all("hello" in servant.notes for servant in programs.servants[1:])

    until(reaches_both, "both servers have heard it", HEALED_SECONDS)
    assert programs.servants[0].notes == []


def test_calls_fail_while_the_broker_is_away_and_work_again_when_it_is_back() -> None:
    with BrokerThread() as broker:
        programs = Programs(broker.url, "q")
        assert programs.run(lambda: programs.prx.echo("before")) == "before"
        broker.stop()

        def ends_with() -> int:
            with pytest.raises(tce.RpcException) as caught:
                programs.run(lambda: programs.prx.echo("meanwhile"))
            return caught.value.errcode

        # One that leaves before the end of the connection is read has perhaps arrived.
        first = ends_with()
        assert first in (tce.RPCERROR_CONNECT_FAILED, tce.RPCERROR_CONNECTION_LOST)
        assert ends_with() == tce.RPCERROR_CONNECT_FAILED
        broker.start()

        def works() -> bool:
            try:
                return programs.run(lambda: programs.prx.echo("afterwards", timeout=1.0)) == "afterwards"
            except tce.RpcException:
                return False

        until(works, "calls are answered again", HEALED_SECONDS)
        programs.close()

"""A gateway, services and clients in one hub, with real queues between them."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import gevent
import pytest

import tcelib as tce
from tcelib.lease.port import Registration
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client
from tcelib.service.service_lease import REGISTRY, SERVICE
from tests.conftest import unused_port
from tests.tcelib.transport.talk import Talk, TalkPrx
from tests.until import Errors, until

SERVICES = """
<SNS>
  <InterfaceDef><if id="21" name="test.Talk"/><if id="22" name="test.Tcp"/></InterfaceDef>
  <EndPoints>
    <ep name="clients" type="{door}" host="localhost" port="{port}" {attributes}/>
    <ep name="calls" type="{kind}" host="{url}"/>
    <ep name="answers" type="{kind}" host="{url}"/>
    <ep name="balancer" type="socket" host="localhost" port="{service_port}"/>
  </EndPoints>
  <servers><server name="gateway">
    <route if="test.Talk" timeout="{timeout}">
      <call in="clients" out="{out}"/>
      <call in="answers" out="clients"/>
      <return in="answers" out="clients"/>
    </route>
    <properties>
      <property name="userid_check" value="{checks}"/>
      <property name="listen" value="clients"/>
      <property name="loopback" value="calls#answers"/>
    </properties>
  </server></servers>
</SNS>
"""
LEASE_SECONDS = 300.0


class GatewayRig:
    """``servant`` is that of the service. ``out`` is "calls", a queue of this ``kind``, or "balancer", a TCP service.

    ``attributes`` are further ones of the endpoint of clients.
    """

    def __init__(
        self,
        directory: Path,
        url: str,
        *,
        kind: str = "stream",
        door: str = "socket",
        out: str = "calls",
        timeout: float = 120,
        checks: str = "false",
        attributes: str = "",
        listener: tce.RpcConnectionEventListener | None = None,
        service_port: int = 0,
    ) -> None:
        self.kind, self.door, self.url = kind, door, url
        self.port, self.service_port = unused_port(), service_port or unused_port()
        self.servant = Talk(gevent.event.Event())
        self._stack = ExitStack()
        self.file = directory / "services.xml"
        self.file.write_text(
            SERVICES.format(**vars(self), out=out, timeout=timeout, checks=checks, attributes=attributes),
            encoding="utf-8",
        )
        self.gateway = self.program("gateway")
        self.gateway.setConnectionEventListener(listener)

    def program(self, name: str) -> tce.RpcCommunicator:
        """A program that is shut down at the end."""
        program = tce.RpcCommunicator().init(name)
        self._stack.callback(program.shutdown)
        return program

    def serve(self) -> tce.RpcCommunicator:
        """Start a service, and wait until the gateway knows of it."""
        service = self.serve_alone()
        until_so(lambda: "calls" not in self.state.away, "the gateway knows of the service")
        return service

    def serve_alone(self) -> tce.RpcCommunicator:
        """Start a service; the gateway may be elsewhere."""
        service = self.program("service")
        service.addEndPoint(tce.RpcEndPoint("answers", self.url, type_=self.kind)).open(tce.AF_WRITE)
        calls = tce.RpcEndPoint("calls", self.url, type_=self.kind)
        service.createAdapter("talk", calls).addServant(self.servant)
        return service

    def play_service(self) -> None:
        """Let the test be a service that reads the stream of calls: hold a lease, which nobody renews."""
        with plain_client(self.url) as client:
            RedisLeases(client, REGISTRY).join(Registration(SERVICE, "the test", reads=("calls",)), LEASE_SECONDS)
        until_so(lambda: "calls" not in self.state.away, "the gateway knows of the service")

    def serve_tcp(self) -> tce.RpcCommunicator:
        """Start a service that listens."""
        service = self.program("service")
        service.createAdapter("talk", tce.RpcEndPoint(port=self.service_port)).addServant(self.servant)
        return service

    def dial(self) -> TalkPrx:
        """A new client."""
        client = self.program("client")
        return TalkPrx.create(client.addEndPoint(tce.RpcEndPoint("there", "localhost", self.port, type_=self.door)))

    @property
    def state(self) -> Any:
        """The state of the gateway's router."""
        assert self.gateway._gateway is not None
        return self.gateway._gateway.router.state

    def __enter__(self) -> Self:
        try:
            assert self.gateway.initMessageRoute(self.file)
            for name in self.gateway.currentServer().getPropertyValue("listen").split(","):
                self.gateway.createAdapter(name, name)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.servant.gate.set()
        self._stack.close()


def until_so(is_so: Callable[[], object], what: str = "", *, tolerated: Errors = ()) -> None:
    """Wait, and let the hub go on."""
    until(is_so, what, tolerated=tolerated, pause=gevent.sleep)


def errcode_of(call: Callable[[], object]) -> int:
    """The error that a call ends with."""
    with pytest.raises(tce.RpcException) as error:
        call()
    return error.value.errcode

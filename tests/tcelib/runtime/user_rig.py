"""Gateways whose clients say in their token who they are, in this hub or in processes of their own."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import gevent

import tcelib as tce
from tests.conftest import unused_port
from tests.tcelib.idl_value import make_operation
from tests.tcelib.runtime.gateway_rig import until_so
from tests.tcelib.transport.talk import NOTE, Talk, TalkPrx

HEAD = """
<SNS>
  <InterfaceDef><if id="21" name="test.Talk"/><if id="22" name="test.Events"/></InterfaceDef>
  <EndPoints>
    <ep name="calls" type="{kind}" host="{url}"/>
    <ep name="events" type="{kind}" host="{url}"/>
    <ep name="all" type="stream" host="{url}" address="all;{{node:{{type:topic}}}}"/>
"""
EP = """
    <ep name="clients_{name}" type="socket" host="localhost" port="{port}"/>
    <ep name="pushes_{name}" type="{kind}" host="{url}"/>
"""
SERVER = """
  <server name="{name}">
    <route if="test.Talk">
      <call in="clients_{name}" out="calls"/>
      <call in="pushes_{name}" out="clients_{name}"/><call in="all" out="clients_{name}"/>
    </route>
    <properties>
      <property name="userid_check" value="true"/>
      <property name="listen" value="clients_{name}"/>
      {properties}
    </properties>
  </server>
"""


class Tokens(tce.RpcConnectionEventListener):
    """The token is the user's id."""

    def onDataPacket(self, conn: Any, m: tce.RpcMessage) -> bool:  # noqa: N802  the name that TCE's users know
        token = m.extra.props.get("__token__")
        if token:
            conn.setUserId(token)
        return True


class Heard(Talk):
    """A client, and what it hears."""

    def __init__(self, proxy: TalkPrx) -> None:
        super().__init__(gevent.event.Event())
        self.proxy = proxy


class Events(tce.Servant):
    """A service that hears who comes and goes."""

    INTERFACE = tce.Interface(
        "test.Events",
        ifidx=22,
        operations=(
            make_operation("onUserOnLine", 22, 0, ("string", "string")),
            make_operation("onUserOffLine", 22, 1, ("string", "string")),
        ),
    )

    def __init__(self) -> None:
        self.told: list[str] = []

    def onUserOnLine(self, user_id: str, gateway: str, ctx: tce.RpcContext) -> None:  # noqa: N802  the names of TCE
        self.told.append(f"+{user_id} {gateway}")

    def onUserOffLine(self, user_id: str, gateway: str, ctx: tce.RpcContext) -> None:  # noqa: N802
        self.told.append(f"-{user_id} {gateway}")


class UserRig:
    """``names`` are the gateways of one services.xml. ``properties`` are added to each."""

    def __init__(
        self,
        directory: Path,
        url: str,
        names: Sequence[str] = ("one", "two"),
        *,
        kind: str = "stream",
        properties: str = "",
    ) -> None:
        self.url, self.kind = url, kind
        self.ports = {name: unused_port() for name in names}
        self.file = directory / "services.xml"
        eps = (EP.format(name=name, port=port, kind=kind, url=url) for name, port in self.ports.items())
        servers = (SERVER.format(name=name, properties=properties) for name in names)
        head = HEAD.format(kind=kind, url=url)
        self.file.write_text(f"{head}{''.join(eps)}</EndPoints><servers>{''.join(servers)}</servers></SNS>")
        self._stack = ExitStack()

    def program(self, name: str) -> tce.RpcCommunicator:
        """A program that is shut down at the end."""
        program = tce.RpcCommunicator().init(name)
        self._stack.callback(program.shutdown)
        return program

    def gateway(self, name: str) -> tce.RpcCommunicator:
        """Start a gateway."""
        gateway = self.program(name)
        serve(gateway, self.file)
        return gateway

    def client(self, at: str, user: str) -> Heard:
        """A user's client at a gateway, which has said who it is."""
        program = self.program("client")
        heard = Heard(TalkPrx.create(program.addEndPoint(tce.RpcEndPoint(at, "localhost", self.ports[at]))))
        tce.RpcCommAdapter(at).addServant(heard).addConnection(heard.proxy.conn)
        heard.proxy.conn.setToken(user)
        heard.proxy.note_oneway("here")
        return heard

    def service(self) -> tce.RpcCommunicator:
        """A program that sends to users, and knows one queue only."""
        service = self.program("service")
        service.addEndPoint(tce.RpcEndPoint("calls", self.url, type_=self.kind))
        return service

    def events(self) -> Events:
        """Start a service that hears of users."""
        servant = Events()
        self.program("listener").createAdapter(
            "events", tce.RpcEndPoint("events", self.url, type_=self.kind)
        ).addServant(servant)
        return servant

    def topic(self) -> TalkPrx:
        """Everybody, at all gateways."""
        endpoint = tce.RpcEndPoint("all", self.url, addr="topic:all", type_="stream")
        return TalkPrx(self.program("caller").addEndPoint(endpoint).open(tce.AF_WRITE))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def serve(gateway: tce.RpcCommunicator, file: Path) -> None:
    """Be a gateway that knows its users."""
    gateway.setConnectionEventListener(Tokens())
    assert gateway.initMessageRoute(file)
    for name in gateway.currentServer().getPropertyValue("listen").split(","):
        gateway.createAdapter(name, name)


def push(service: tce.RpcCommunicator, user: str, text: str, linger: float = 0.0) -> None:
    """Send a text to a user."""
    TalkPrx(service.openUser(user, linger))._send(NOTE, (text,))


def push_when_here(service: tce.RpcCommunicator, user: str, text: str) -> None:
    """The same, as soon as the registry knows him."""
    push(service, user, text, linger=30.0)


def until_heard(heard: Heard, texts: Sequence[str]) -> None:
    """Wait until a client has heard these, and no others."""
    until_so(lambda: len(heard.notes) >= len(texts), f"{len(texts)} are heard")
    assert heard.notes == list(texts)

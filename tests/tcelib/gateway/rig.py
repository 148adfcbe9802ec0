"""A gateway's core with messages around it: what clients and services send, and what becomes of it."""

from collections.abc import Mapping
from functools import cache

from tcelib.gateway.action import Action
from tcelib.gateway.client import Client
from tcelib.gateway.config.model import Services
from tcelib.gateway.config.services import read_services
from tcelib.gateway.router import Router
from tcelib.gateway.table import build_table
from tcelib.gateway.user_id import UserIds
from tcelib.gateway.verb import Verb
from tcelib.wire.message import CALL, ONEWAY, RETURN, Packet, RpcExtraData, RpcMessage, build_body, parse_body
from tests.tcelib.gateway.config.services_text import EXAMPLE

SERVER, TERMINAL, UNKNOWN = 2, 3, 9
ONE_WAY = CALL | ONEWAY
TIMEOUT = 120.0

SMALL = """
<SNS>
  <InterfaceDef>
    <if id="2" name="test.Server"/><if id="3" name="test.ITerminal"/><if id="4" name="test.Tcp"/>
  </InterfaceDef>
  <EndPoints>
    <ep name="clients" type="socket" port="1"/>
    <ep name="quiet" type="socket" port="2" errors="silence"/>
    <ep name="calls" type="stream"/>
    <ep name="answers" type="stream"/>
    <ep name="topic" type="stream" address="topic;{node:{type:topic}}"/>
    <ep name="back" type="stream"/>
    <ep name="service" type="socket" host="balancer" port="3"/>
  </EndPoints>
  <servers><server name="gw">
    <route if="test.Server" timeout="5">
      <call in="clients" out="calls"/><call in="quiet" out="calls"/><call in="back" out="calls"/>
      <return in="answers" out="clients"/>
    </route>
    <route if="test.ITerminal">
      <call in="answers" out="clients"/><call in="topic" out="clients"/>
      <return in="answers" out="back"/>
    </route>
    <route if="test.Tcp"><call in="clients" out="service"/></route>
    <properties>
      <property name="userid_check" value="USERID_CHECK"/>
      <property name="listen" value="clients,quiet"/>
      <property name="loopback" value="calls#answers"/>
    </properties>
  </server></servers>
</SNS>
"""


@cache
def good(text: bytes) -> Services:
    """The configuration in ``text``. It never changes."""
    reading = read_services(text)
    assert reading.model is not None, reading.findings
    return reading.model


def example(server: str = "gwserver", gateway: int = 0) -> Router:
    """The gateway of the documents."""
    services = good((EXAMPLE / "services.xml").read_bytes())
    return Router(build_table(services, services.servers[server]), UserIds(gateway))


def small(*, checks: bool = False, most_waiting: int = 3, gateway: int = 0) -> Router:
    """A gateway with one of everything."""
    services = good(SMALL.replace("USERID_CHECK", str(checks).lower()).encode())
    return Router(build_table(services, services.servers["gw"], most_waiting=most_waiting), UserIds(gateway))


def packet(
    interface: int = SERVER,
    sequence: int = 7,
    calltype: int = CALL,
    *,
    operation: int = 1,
    errcode: int = 0,
    call_id: int = 0,
    extra: Mapping[str, str] | None = None,
    params: bytes = b"params",
) -> Packet:
    """A message as a connection's reader has it."""
    return parse_body(
        build_body(
            sequence,
            calltype,
            interface << 16 | operation,
            errcode=errcode,
            call_id=call_id,
            extra=extra,
            params=params,
        )
    )


def body(*args: int, **fields: object) -> bytes:
    """The same as it lies in a queue."""
    return RpcMessage.of(packet(*args, **fields)).pack()  # type: ignore[arg-type]


def answer(
    call: bytes, params: bytes = b"result", *, errcode: int = 0, keeps: tuple[str, ...] | None = None
) -> bytes:
    """The answer of a service to a call that it took off a queue; ``keeps`` names the extra values it gives back."""
    message = RpcMessage.parse(call)
    props = {name: text for name, text in message.extra.props.items() if keeps is None or name in keeps}
    return RpcMessage(
        RETURN,
        message.sequence,
        message.ifidx,
        errcode=errcode,
        call_id=message.call_id,
        extra=RpcExtraData(props),
        paramstream=params,
    ).pack()


def forwarded(action: Action, queue: str = "calls") -> bytes:
    """The body that goes to a queue."""
    verb, client, name, sent = action
    assert (verb, client, name) == (Verb.WRITE, None, queue), action
    return sent


def delivered(action: Action, client: Client) -> RpcMessage:
    """The message that goes to a client."""
    verb, to, name, sent = action
    assert (verb, to is client, name) == (Verb.DELIVER, True, ""), action
    return RpcMessage.parse(sent)


def answered(action: Action, client: Client) -> RpcMessage:
    """The error that goes to a client."""
    verb, to, name, sent = action
    assert (verb, to is client, name) == (Verb.ANSWER, True, ""), action
    message = RpcMessage.parse(sent)
    assert (message.calltype, message.opidx, message.paramsize, message.paramstream) == (RETURN, 0, 0, b"")
    return message


def dropped(action: Action) -> str:
    """The reason why a message goes nowhere."""
    verb, client, name, sent = action
    assert (verb, client, sent) == (Verb.DROP, None, b""), action
    return name

"""Layout of a run: its size, and the services.xml of each gateway. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

HOST = "127.0.0.1"
CALLS = "calls"
TIMEOUT_SECONDS = 14.0
"""Longer than the lease of a service that is killed: the calls in its hands are decided by others before."""
STREAM, MQ, QPID = "stream", "mq", "qpid"

_SERVICES = """<?xml version="1.0" encoding="UTF-8"?>
<SNS>
  <InterfaceDef>
    <if id="0" name="marked.Orders"/><if id="1" name="marked.Looks"/><if id="2" name="marked.Terminal"/>
  </InterfaceDef>
  <EndPoints>
    <ep name="clients" type="socket" host="{host}" port="{door}"/>
    <ep name="{calls}" type="{kind}" host="{host}" port="{queues}"/>
    <ep name="{answers}" type="{kind}" host="{host}" port="{queues}"/>
  </EndPoints>
  <servers><server name="{name}">
    <route if="marked.Orders" timeout="{timeout}">
      <call in="clients" out="{calls}"/><return in="{answers}" out="clients"/>
    </route>
    <route if="marked.Looks" timeout="{timeout}" idempotent="true">
      <call in="clients" out="{calls}"/><return in="{answers}" out="clients"/>
    </route>
    <route if="marked.Terminal"><call in="{answers}" out="clients"/></route>
    <properties>
      <property name="userid_check" value="false"/>
      <property name="listen" value="clients"/>
      <property name="loopback" value="{calls}#{answers}"/>
    </properties>
  </server></servers>
</SNS>
"""


@dataclass(frozen=True)
class Size:
    """``kind``: type of the queues' endpoints. ``rate``: calls a second of each client."""

    kind: str = STREAM
    gateways: int = 2
    services: int = 3
    clients: int = 200
    rate: float = 4.0

    @property
    def is_redis(self) -> bool:
        """Return whether the queues are in Redis."""
        return self.kind != QPID

    def told(self) -> str:
        """Return it in words."""
        return (
            f"{self.gateways} gateways, {self.services} services, {self.clients} clients, {self.rate:g} calls a "
            f"second each, queues of type {self.kind}"
        )


def answers_of(gateway: str) -> str:
    """Return the name of a gateway's queue for answers."""
    return f"answers-{gateway}"


def names_of(kind: str, count: int) -> Sequence[str]:
    """Return the names of programs of one kind."""
    return [f"{kind}-{number}" for number in range(1, count + 1)]


def services_xml(name: str, kind: str, door: int, queues: int) -> str:
    """Return the file of one gateway. ``door`` and ``queues`` are ports."""
    return _SERVICES.format(
        name=name,
        kind=kind,
        door=door,
        queues=queues,
        host=HOST,
        calls=CALLS,
        answers=answers_of(name),
        timeout=TIMEOUT_SECONDS,
    )

"""The configuration of gateways and services, as it was read: frozen, and without mistakes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tcelib.limit.door_limits import DoorLimits
from tcelib.queue.address import Address

DEFAULT_TIMEOUT = 120.0
"""Seconds for the answer of a forwarded call, where its route says nothing else."""


class EndPointType(StrEnum):
    """Kinds of endpoints: two of connections, three of queues."""

    SOCKET = "socket"
    WEBSOCKET = "websocket"
    QPID = "qpid"
    MQ = "mq"
    STREAM = "stream"

    @property
    def is_queue(self) -> bool:
        """Return true if messages travel over a queue, without envelope."""
        return self not in (EndPointType.SOCKET, EndPointType.WEBSOCKET)


@dataclass(frozen=True, slots=True)
class EndPoint:
    """Endpoint of a file. ``node`` is the queue or topic; None if ``type`` is none of queues.

    ``number`` is its position in the file, from 1. ``port`` is 0 if it is not said: any free one where a gateway
    listens, Redis' own for queues in Redis. ``is_silent``: clients behind it are sent no errors.
    """

    name: str
    type: EndPointType
    host: str = ""
    port: int = 0
    address: str = ""
    node: Address | None = None
    keyfile: str = ""
    certfile: str = ""
    compress: bool = True
    is_silent: bool = False
    number: int = 0

    @property
    def has_tls(self) -> bool:
        """Return true if connections are encrypted."""
        return bool(self.certfile)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a route: messages that come in at ``source`` go out at ``target``. Both are names of endpoints."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Route:
    """Ways of one interface: of its calls and of its answers. ``timeout`` is in seconds.

    ``is_idempotent``: a call that a service has taken may be given to another one.
    """

    interface: str
    index: int
    calls: tuple[Hop, ...] = ()
    returns: tuple[Hop, ...] = ()
    timeout: float = DEFAULT_TIMEOUT
    is_idempotent: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """One gateway of services.xml. ``listen`` and ``loopbacks`` are its properties of those names, taken apart.

    ``loopbacks`` maps each queue that calls are written to to the queue on which their answers come. ``user_events``
    has the index of the interface that hears of users, and the queue.
    """

    name: str
    routes: tuple[Route, ...] = ()
    extra_reads: tuple[str, ...] = ()
    extra_writes: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    listen: tuple[str, ...] = ()
    loopbacks: Mapping[str, str] = field(default_factory=dict)
    checks_user_ids: bool = False
    limits: DoorLimits = DoorLimits()  # noqa: RUF009  it is frozen
    user_events: tuple[int, str] | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the endpoints that are opened for reading, each once."""
        hops = (hop.source for route in self.routes for hop in (*route.calls, *route.returns))
        return tuple(dict.fromkeys((*hops, *self.extra_reads)))

    @property
    def writes(self) -> tuple[str, ...]:
        """Names of the endpoints that are opened for writing, each once."""
        hops = (hop.target for route in self.routes for hop in (*route.calls, *route.returns))
        events = () if self.user_events is None else (self.user_events[1],)
        return tuple(dict.fromkeys((*hops, *self.extra_writes, *events)))


@dataclass(frozen=True, slots=True)
class Services:
    """Content of services.xml. ``interfaces`` maps names (module.Interface) to indexes."""

    interfaces: Mapping[str, int]
    endpoints: Mapping[str, EndPoint]
    servers: Mapping[str, Server]


@dataclass(frozen=True, slots=True)
class Section:
    """One program of config.yml: the queues that it reads and writes.

    ``pairs`` maps each queue that calls are written to to the queue on which their answers come.
    """

    name: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QueueFile:
    """Content of config.yml."""

    endpoints: Mapping[str, EndPoint]
    sections: Mapping[str, Section]

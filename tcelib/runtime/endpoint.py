"""EndPointAddress: the address of a listener or of a peer, with its kind and its TLS."""

from typing import Self

from gevent.ssl import SSLContext

from tcelib.core.connection import RpcConnection
from tcelib.gateway.config.model import EndPoint, EndPointType
from tcelib.queue.address import NodeType
from tcelib.queue.amqp.broker_place import secure_url
from tcelib.transport.hub import tls
from tcelib.transport.hub.queue_kind import KINDS, MQ, QPID, TOPIC

SOCKET, WEBSOCKET = "socket", "websocket"
TYPES = {SOCKET: SOCKET, WEBSOCKET: WEBSOCKET, **{kind: kind for kind in KINDS}, "easymq": MQ}
QUEUE_PREFIX = "queue:"  # of easymq's addresses


class EndPointAddress:
    """All of an ``RpcEndPoint`` but the way in which it is opened. Raises ``ValueError`` for another type."""

    def __init__(  # noqa: PLR0917  the order that TCE's users know
        self,
        name: str = "",
        host: str = "",
        port: int | str = 0,
        addr: str = "",
        impl: RpcConnection | None = None,
        keyfile: str = "",
        certfile: str = "",
        compress: int = 1,
        ssl: bool = False,
        type_: str = SOCKET,
        id_: int = 0,
        *,
        verify: bool = True,
    ) -> None:
        if type_ not in TYPES:
            raise ValueError(f"an endpoint's type is one of {', '.join(TYPES)}, not {type_!r}")
        if TYPES[type_] in KINDS and (ssl or keyfile or certfile):
            _check_tls(TYPES[type_], host, keyfile)
        self.name = name
        self.host = host
        self.port = int(port or 0)
        self.addr = addr
        self.impl = impl
        self.keyfile = keyfile
        self.certfile = certfile
        self.compress = compress
        self.ssl = ssl or bool(certfile)
        self.type = TYPES[type_]
        self.id = id_
        self.verify = verify

    def __repr__(self) -> str:
        return f"<RpcEndPoint {self.name or self.type} {self.host}:{self.port}>"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port

    @property
    def queue_key(self) -> str:
        """The key in Redis, or the address at a broker."""
        return self.addr.removeprefix(QUEUE_PREFIX) or self.name

    @property
    def queue_url(self) -> str:
        """URL of the queue's server; ``host`` may be a whole URL, such as those of TLS and of Sentinels."""
        if self.type == QPID and self.ssl:
            return secure_url(self.host, self.port, trusted=self.certfile, verifies=self.verify)
        return KINDS[self.type].url_of(self.host, self.port)

    @classmethod
    def of(cls, endpoint: EndPoint) -> Self:
        """Return the endpoint of a configuration file."""
        node, is_at_broker = endpoint.node, endpoint.type is EndPointType.QPID
        mark = TOPIC if node is not None and node.type is NodeType.TOPIC else ""
        return cls(
            endpoint.name,
            endpoint.host,
            endpoint.port,
            # The address of a broker has options, the key in Redis has none.
            endpoint.address if is_at_broker or node is None else mark + node.name,
            keyfile=endpoint.keyfile,
            certfile=endpoint.certfile,
            compress=int(endpoint.compress),
            type_=endpoint.type.value,
            id_=endpoint.number,
        )

    def server_tls(self) -> SSLContext | None:
        """Return the TLS of a listener. Raises ``ValueError`` without a certificate, ``OSError`` for a bad one."""
        if not self.ssl:
            return None
        if not self.certfile:
            raise ValueError(f"{self!r} has ssl but no certfile to show")
        return tls.server_context(self.certfile, self.keyfile)

    def client_tls(self) -> SSLContext | None:
        """Return the TLS of a client. Raises ``OSError`` if the certificate cannot be read."""
        return tls.client_context(self.certfile, verify=self.verify) if self.ssl else None


def _check_tls(kind: str, host: str, keyfile: str) -> None:
    """Raises ``ValueError`` for TLS that a queue's connection would not speak as it is said."""
    if kind != QPID:
        raise ValueError(f"TLS of a queue of type {kind} is said by a rediss:// URL as host, not by ssl and certfile")
    if "://" in host:
        raise ValueError("a broker's URL says by itself whether TLS is spoken (amqps://) and who is trusted")
    if keyfile:
        raise ValueError("a broker is shown no certificate: certfile is the one to trust, and needs no keyfile")

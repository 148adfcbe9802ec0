"""Where a server listens or a client connects: an address, its kind, and its TLS."""

from typing import TYPE_CHECKING

from gevent.ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER, SSLContext

from tcelib.core.connection import RpcConnection
from tcelib.core.proxy import AF_READ, AF_WRITE

if TYPE_CHECKING:
    from tcelib.runtime import RpcCommunicator

SOCKET, WEBSOCKET, MQ = "socket", "websocket", "mq"
TYPES = {SOCKET: SOCKET, WEBSOCKET: WEBSOCKET, MQ: MQ, "easymq": MQ}
QUEUE_PREFIX = "queue:"  # of easymq's addresses


class RpcEndPoint:
    """An address by name. ``type_`` is 'socket', 'websocket' or 'mq' (also called 'easymq').

    ``addr`` is a WebSocket's path or a queue's list in Redis (without it, ``name``). ``compress=0`` never sends
    compressed. TLS is on with ``ssl`` or with a ``certfile``: a server shows it (``keyfile`` may be the same file), a
    client trusts it, or without one what the system trusts; ``verify=False`` trusts everybody, as the original
    clients do. ``impl`` is the open connection. Raises ``ValueError`` for another type.
    """

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
        self.communicator: RpcCommunicator | None = None

    def __repr__(self) -> str:
        return f"<RpcEndPoint {self.name or self.type} {self.host}:{self.port}>"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port

    @property
    def queue_key(self) -> str:
        """The list in Redis."""
        return self.addr.removeprefix(QUEUE_PREFIX) or self.name

    @property
    def redis_url(self) -> str:
        """Where the queue is; ``host`` may be a whole redis:// URL."""
        return self.host if "://" in self.host else f"redis://{self.host or 'localhost'}:{self.port or 6379}/0"

    def open(self, af: int = AF_WRITE | AF_READ) -> RpcConnection:
        """The connection to the endpoint, made when it is first asked for; its socket is opened by the first call.

        A queue is read with AF_READ alone, and written to with AF_WRITE, however it is combined.
        """
        if self.impl is None:
            from tcelib.runtime import RpcCommunicator  # endpoints of no other communicator are the default one's

            self.impl = (self.communicator or RpcCommunicator.instance()).connect(self, af)
        return self.impl

    def server_tls(self) -> SSLContext | None:
        """For who listens here. Raises ``ValueError`` without a certificate, ``OSError`` if it cannot be read."""
        if not self.ssl:
            return None
        if not self.certfile:
            raise ValueError(f"{self!r} has ssl but no certfile to show")
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certfile, self.keyfile or None)
        return context

    def client_tls(self) -> SSLContext | None:
        """For who connects here. Raises ``OSError`` if the certificate cannot be read."""
        if not self.ssl:
            return None
        context = SSLContext(PROTOCOL_TLS_CLIENT)
        if self.certfile:
            context.load_verify_locations(self.certfile)
        else:
            context.load_default_certs()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = CERT_NONE
        return context

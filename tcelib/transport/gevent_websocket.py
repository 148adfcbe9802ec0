"""TCE over WebSocket in a gevent hub; ``wss`` with a TLS context. For the rest, see ``gevent_tcp``."""

from gevent.ssl import SSLContext

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.connection import RpcConnection
from tcelib.transport.hub.dialer import Dialer
from tcelib.transport.hub.server import GeventServer
from tcelib.transport.hub.shell import HubHome
from tcelib.transport.option import DEFAULTS, Options
from tcelib.transport.websocket_stream import WebSocketStream


def listen(
    adapter: RpcCommAdapter,
    host: str = "",
    port: int = 0,
    *,
    tls: SSLContext | None = None,
    options: Options = DEFAULTS,
) -> GeventServer:
    """See ``gevent_tcp.listen``. Any path and any origin are accepted."""
    return GeventServer(adapter, options, WebSocketStream.server, (host, port), tls)


def dial(
    host: str, port: int, path: str = "/", *, tls: SSLContext | None = None, options: Options = DEFAULTS
) -> RpcConnection:
    """See ``gevent_tcp.dial``."""

    def make_stream() -> WebSocketStream:
        return WebSocketStream.client(f"{host}:{port}", path)

    return Dialer(HubHome(), options, make_stream, (host, port), tls).connection

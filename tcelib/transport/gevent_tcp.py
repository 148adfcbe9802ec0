"""TCP, and TLS over it, in a gevent hub.

server = listen(adapter, "", 16005)             then server.port, server.close()
prx = ServerPrx(dial("localhost", 16005))       opens its socket with the first call
"""

from gevent.ssl import SSLContext

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.connection import RpcConnection
from tcelib.transport.hub.dialer import Dialer
from tcelib.transport.hub.server import GeventServer
from tcelib.transport.hub.shell import HubHome
from tcelib.transport.option import DEFAULTS, Options
from tcelib.transport.packet_stream import PacketStream


def listen(
    adapter: RpcCommAdapter,
    host: str = "",
    port: int = 0,
    *,
    tls: SSLContext | None = None,
    options: Options = DEFAULTS,
) -> GeventServer:
    """Accept connections, whose calls ``adapter`` serves. No host is every interface, port 0 any that is free.

    Raises ``OSError``.
    """
    return GeventServer(adapter, options, PacketStream, (host, port), tls)


def dial(host: str, port: int, *, tls: SSLContext | None = None, options: Options = DEFAULTS) -> RpcConnection:
    """Return a connection of this thread's hub, which opens a socket for the first call, and again after a loss.

    A call that finds no server ends with CONNECT_FAILED.
    """
    return Dialer(HubHome(), options, PacketStream, (host, port), tls).connection

"""TCE over WebSocket in an asyncio loop; ``wss`` with a TLS context. For the rest, see ``asyncio_tcp``."""

import ssl

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.connection import RpcConnection
from tcelib.transport.loop.dialer import Dialer
from tcelib.transport.loop.server import AsyncioServer
from tcelib.transport.loop.shell import LoopHome
from tcelib.transport.option import DEFAULTS, Options
from tcelib.transport.websocket_stream import WebSocketStream


async def listen(
    adapter: RpcCommAdapter,
    host: str = "",
    port: int = 0,
    *,
    tls: ssl.SSLContext | None = None,
    options: Options = DEFAULTS,
) -> AsyncioServer:
    """See ``asyncio_tcp.listen``. Any path and any origin are accepted."""
    server = AsyncioServer(adapter, options, WebSocketStream.server)
    await server.start(host, port, tls)
    return server


def dial(
    host: str, port: int, path: str = "/", *, tls: ssl.SSLContext | None = None, options: Options = DEFAULTS
) -> RpcConnection:
    """See ``asyncio_tcp.dial``."""

    def make_stream() -> WebSocketStream:
        return WebSocketStream.client(f"{host}:{port}", path)

    return Dialer(LoopHome(), options, make_stream, (host, port), tls).connection

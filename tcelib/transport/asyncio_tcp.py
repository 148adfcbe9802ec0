"""TCP, and TLS over it, in an asyncio loop.

server = await listen(adapter, "", 16005)       then server.port, await server.close()
prx = ServerPrx(dial("localhost", 16005))       opens its socket with the first call
"""

import ssl

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.connection import RpcConnection
from tcelib.transport.loop.dialer import Dialer
from tcelib.transport.loop.server import AsyncioServer
from tcelib.transport.loop.shell import LoopHome
from tcelib.transport.option import DEFAULTS, Options
from tcelib.transport.packet_stream import PacketStream


async def listen(
    adapter: RpcCommAdapter,
    host: str = "",
    port: int = 0,
    *,
    tls: ssl.SSLContext | None = None,
    options: Options = DEFAULTS,
) -> AsyncioServer:
    """Accept connections, whose calls ``adapter`` serves. No host is every interface, port 0 any that is free.

    Raises ``OSError``.
    """
    server = AsyncioServer(adapter, options, PacketStream)
    await server.start(host, port, tls)
    return server


def dial(host: str, port: int, *, tls: ssl.SSLContext | None = None, options: Options = DEFAULTS) -> RpcConnection:
    """Return a connection of the running loop, which opens a socket for the first call, and again after a loss.

    A call that finds no server ends with CONNECT_FAILED.
    """
    return Dialer(LoopHome(), options, PacketStream, (host, port), tls).connection

"""TCE over WebSocket in an asyncio loop; ``wss`` with a TLS context. For the rest, see ``asyncio_tcp``."""

import ssl
from collections.abc import Sequence

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.connection import RpcConnection
from tcelib.error import RPCERROR_CONNECTION_LOST, RPCERROR_SENDFAILED, RpcException
from tcelib.transport.asyncio_dialer import Dialer
from tcelib.transport.asyncio_link import Link, LinkOwner
from tcelib.transport.asyncio_server import AsyncioServer
from tcelib.transport.loop_shell import LoopHome
from tcelib.transport.option import DEFAULTS, Options
from tcelib.transport.websocket_stream import GOING_AWAY, NORMAL_CLOSURE, HandshakeError, WebSocketStream


class WebSocketLink(Link):
    """A link whose bytes are packed into WebSocket frames; packets flow after the handshake."""

    def __init__(self, home: LoopHome, options: Options, owner: LinkOwner, stream: WebSocketStream) -> None:
        super().__init__(home, options, owner)
        self.may_compress = False
        self._stream = stream
        self._close_code = NORMAL_CLOSURE
        self._has_opened = False

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``Transport``: a binary message for each."""
        if not self._stream.is_open:
            raise RpcException(RPCERROR_SENDFAILED, "the WebSocket is closed")
        self._write(self._stream.pack(packets))
        self.watch_deadline()

    def dismiss(self) -> None:
        """See ``Link``. The close code is what tells a page to come back."""
        self._close_code = GOING_AWAY
        super().dismiss()

    def close(self) -> None:
        """See ``Transport``, with a close frame."""
        self._stream.close(self._close_code)
        self._send_due()
        super().close()

    def _begin(self) -> None:
        self._arm(self.options.connect_seconds)
        self._send_due()

    def _take(self, data: bytes) -> None:
        try:
            payload = self._stream.receive(data)
        except HandshakeError as error:
            self._finish(str(error))
            return
        self._send_due()
        if self._stream.is_open and not self._has_opened:
            self._has_opened = True
            self._disarm()
            self._owner.link_opened(self)
        if self._stream.sends_headers_apart:
            self.connection.speak_cesu8()
        if payload:
            super()._take(payload)
        if self._stream.is_over:
            self._finish("the peer closed the WebSocket")

    def _finish(self, reason: str) -> None:
        if not self._is_over:
            self._end(RpcException(RPCERROR_CONNECTION_LOST, reason))
        self._socket.close()
        self._arm(self.options.stalled_seconds)

    def _send_due(self) -> None:
        data = self._stream.take_outgoing()
        if data and self.has_socket and not self._socket.is_closing():
            self._socket.write(data)


async def listen(
    adapter: RpcCommAdapter,
    host: str = "",
    port: int = 0,
    *,
    tls: ssl.SSLContext | None = None,
    options: Options = DEFAULTS,
) -> AsyncioServer:
    """See ``asyncio_tcp.listen``. Any path and any origin are accepted."""
    server = AsyncioServer(adapter, options, _accepted_link)
    await server.start(host, port, tls)
    return server


def dial(
    host: str, port: int, path: str = "/", *, tls: ssl.SSLContext | None = None, options: Options = DEFAULTS
) -> RpcConnection:
    """See ``asyncio_tcp.dial``."""

    def make_link(home: LoopHome, options: Options, owner: LinkOwner) -> Link:
        return WebSocketLink(home, options, owner, WebSocketStream.client(f"{host}:{port}", path))

    return Dialer(LoopHome(), options, make_link, (host, port), tls).connection


def _accepted_link(home: LoopHome, options: Options, owner: LinkOwner) -> Link:
    return WebSocketLink(home, options, owner, WebSocketStream.server())

"""TCE over WebSocket in a gevent hub; ``wss`` with a TLS context. For the rest, see ``gevent_tcp``."""

from collections.abc import Sequence
from typing import Any

from gevent.ssl import SSLContext

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.connection import RpcConnection
from tcelib.error import RPCERROR_SENDFAILED, RpcException
from tcelib.transport.gevent_dialer import Dialer
from tcelib.transport.gevent_link import Link, LinkOwner
from tcelib.transport.gevent_server import GeventServer
from tcelib.transport.hub_shell import HubHome
from tcelib.transport.option import DEFAULTS, READ_BYTES, Options
from tcelib.transport.websocket_stream import GOING_AWAY, NORMAL_CLOSURE, HandshakeError, WebSocketStream


class WebSocketLink(Link):
    """A link whose bytes are packed into WebSocket frames; packets flow after the handshake."""

    def __init__(
        self,
        home: HubHome,
        options: Options,
        owner: LinkOwner,
        sock: Any,
        *,
        writers_wait: bool,
        stream: WebSocketStream,
    ) -> None:
        super().__init__(home, options, owner, sock, writers_wait)
        self.may_compress = False
        self._stream = stream
        self._close_code = NORMAL_CLOSURE

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``Transport``: a binary message for each."""
        if not self._stream.is_open:
            raise RpcException(RPCERROR_SENDFAILED, "the WebSocket is closed")
        self._write(self._stream.pack(packets))

    def dismiss(self) -> None:
        """See ``Link``. The close code is what tells a page to come back."""
        self._close_code = GOING_AWAY
        super().dismiss()

    def close(self) -> None:
        """See ``Transport``, with a close frame."""
        self._stream.close(self._close_code)
        self._send_due()
        super().close()

    def _shake_hands(self) -> bytes:
        early = super()._shake_hands()
        try:
            while not self._stream.is_over:
                self._socket.sendall(self._stream.take_outgoing())
                if self._stream.is_open:
                    return early
                early += self._stream.receive(self._receive_some())
        except HandshakeError as error:
            raise ConnectionError(str(error)) from error
        self._socket.sendall(self._stream.take_outgoing())
        raise ConnectionError("it is no WebSocket")

    def _receive_some(self) -> bytes:
        data: bytes = self._socket.recv(READ_BYTES)
        if not data:
            raise ConnectionError("the peer left during the handshake")
        return data

    def _take(self, data: bytes) -> None:
        payload = self._stream.receive(data)
        self._send_due()
        if self._stream.sends_headers_apart:
            self.connection.speak_cesu8()
        if payload:
            self._deliver(payload)
        if self._stream.is_over:
            self._lose("the peer closed the WebSocket")

    def _send_due(self) -> None:
        data = self._stream.take_outgoing()
        if data and not self.is_over:
            self._push(data)


def listen(
    adapter: RpcCommAdapter,
    host: str = "",
    port: int = 0,
    *,
    tls: SSLContext | None = None,
    options: Options = DEFAULTS,
) -> GeventServer:
    """See ``gevent_tcp.listen``. Any path and any origin are accepted."""
    return GeventServer(adapter, options, _accepted_link, (host, port), tls)


def dial(
    host: str, port: int, path: str = "/", *, tls: SSLContext | None = None, options: Options = DEFAULTS
) -> RpcConnection:
    """See ``gevent_tcp.dial``."""

    def make_link(home: HubHome, options: Options, owner: LinkOwner, sock: Any) -> Link:
        stream = WebSocketStream.client(f"{host}:{port}", path)
        return WebSocketLink(home, options, owner, sock, writers_wait=True, stream=stream)

    return Dialer(HubHome(), options, make_link, (host, port), tls).connection


def _accepted_link(home: HubHome, options: Options, owner: LinkOwner, sock: Any) -> Link:
    return WebSocketLink(home, options, owner, sock, writers_wait=False, stream=WebSocketStream.server())

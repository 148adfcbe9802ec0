"""A running WebSocket server for the tests beside this file; ``transport`` says over what."""

import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application

from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.tls import Tls
from rtserver.base.listener.upgrade import WebSocketHandler, WebSocketServer
from rtserver.base.send.plain import PLAIN
from rtserver.base.send.port import Sender
from rtserver.base.tce.server import TceServer
from tcelib.limit.admission import Admission
from tests.base.native_sender import native_sender
from tests.base.recording_owner import RecordingOwner
from tests.base.server import build_server, build_tce
from tests.websocket_client import AsyncWebSocketClient

Connect: TypeAlias = Callable[..., Awaitable[AsyncWebSocketClient]]


@pytest.fixture
def ssl_options(certificate: Path) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def owner() -> RecordingOwner:
    """The handler of the server under test."""
    return RecordingOwner()


@pytest.fixture
def options() -> dict[str, Any]:
    """The server's options; a test parametrizes this name to set its own."""
    return {}


@pytest.fixture
def admission() -> Admission:
    """The limits on who may come in."""
    return Admission()


@pytest.fixture
def tce(admission: Admission, options: dict[str, Any]) -> TceServer:
    """The TCE side of the server under test, without servants."""
    return build_tce(admission, options)


@pytest.fixture
def server(
    io_loop: IOLoop, owner: RecordingOwner, admission: Admission, tce: TceServer, options: dict[str, Any]
) -> Iterator[WebSocketServer]:
    """The server under test, ended with the test."""

    async def build() -> WebSocketServer:
        return build_server(WebSocketServer, owner, admission, tce, options, open_binary=owner.open_binary)

    server = owner.server = io_loop.run_sync(build)
    yield server
    io_loop.run_sync(lambda: server.wait_closed(0))


@pytest.fixture
def app(server: WebSocketServer) -> Application:
    """The application that pytest-tornado serves."""
    return Application([("/", WebSocketHandler, {"server": server})])


@pytest.fixture(params=["tcp", "tls", "tcp, read by Tornado"])
def transport(request: pytest.FixtureRequest) -> str:
    """Every test that connects runs over all of them, unless it parametrizes this name."""
    return str(request.param)


@pytest.fixture
def server_tls(ssl_options: ssl.SSLContext) -> Tls:
    """The server's end of TLS."""
    return Tls(ssl_options)


@pytest.fixture
def http_listener(
    request: pytest.FixtureRequest,
    io_loop: IOLoop,
    server: WebSocketServer,
    transport: str,
    app: Application,
    _unused_port: tuple[socket.socket, int],
) -> Iterator[HttpListener]:
    """The way in that the product has, at the port of pytest-tornado's servers."""
    http = HTTPServer(app)
    tls = request.getfixturevalue("server_tls") if transport == "tls" else None
    listener = HttpListener("/", server, http, tls=tls)
    _unused_port[0].setblocking(False)
    _unused_port[0].listen(128)
    io_loop.add_callback(listener.listen, [_unused_port[0]])
    yield listener
    listener.stop()
    listener.clear()
    io_loop.run_sync(http.close_all_connections)
    _unused_port[0].close()


@pytest.fixture
def port(
    request: pytest.FixtureRequest, _unused_port: tuple[socket.socket, int], transport: str, app: Application
) -> int:
    """The port at which the server under test is reached, at ``/``."""
    listening, port = _unused_port
    # Every accepted socket inherits it; otherwise the system's buffers grow, and slow readers are slow to fill.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    request.getfixturevalue("http_server" if transport == "tcp, read by Tornado" else "http_listener")
    return port


@pytest.fixture
def connect(request: pytest.FixtureRequest, transport: str, port: int) -> Connect:
    """Give a client that has shaken hands; takes the arguments of ``AsyncWebSocketClient.connect``."""
    tls = None
    if transport == "tls":
        tls = ssl.create_default_context(cafile=str(request.getfixturevalue("certificate")))
    return lambda *args, **options: AsyncWebSocketClient.connect("127.0.0.1", port, *args, tls=tls, **options)


@pytest.fixture(params=["plain", "native"])
def sender(request: pytest.FixtureRequest) -> Sender:
    """Each way to send that there is."""
    return PLAIN if request.param == "plain" else native_sender()

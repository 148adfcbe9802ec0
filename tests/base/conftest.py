"""A running WebSocket server for the tests beside this file; ``transport`` says over what."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from inspect import iscoroutinefunction, signature
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from rtserver.base.websocket_server import WebSocketHandler, WebSocketServer
from tests.base.recording_owner import RecordingOwner
from tests.websocket_client import AsyncWebSocketClient

TEST_SECONDS = 60.0
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
LOOPBACK = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
Connect: TypeAlias = Callable[..., Awaitable[AsyncWebSocketClient]]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, and its key, in one file."""
    directory = tmp_path_factory.mktemp("tls")
    key, certificate, both = (directory / name for name in ("key.pem", "certificate.pem", "both.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", *NEW_KEY, *LOOPBACK, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def owner() -> RecordingOwner:
    """Who the server under test belongs to."""
    return RecordingOwner()


@pytest.fixture
def options() -> dict[str, Any]:
    """The server's options; a test parametrizes this name to set its own."""
    return {}


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The event loop of one test."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an ``async def`` test on its ``runner``, with a deadline."""
    if not iscoroutinefunction(pyfuncitem.obj) or "runner" not in pyfuncitem.funcargs:
        return None
    runner = pyfuncitem.funcargs["runner"]
    arguments = {name: pyfuncitem.funcargs[name] for name in signature(pyfuncitem.obj).parameters}
    runner.run(asyncio.wait_for(pyfuncitem.obj(**arguments), TEST_SECONDS))
    return True


@pytest.fixture
def server(runner: asyncio.Runner, owner: RecordingOwner, options: dict[str, Any]) -> Iterator[WebSocketServer]:
    """The server under test, ended with the test."""

    async def build() -> WebSocketServer:
        return WebSocketServer(owner, **options)

    server = runner.run(build())
    yield server
    runner.run(server.wait_closed(0))


@pytest.fixture(params=["tcp", "tls"])
def transport(request: pytest.FixtureRequest) -> str:
    """Every test that connects runs over both, unless it parametrizes this name."""
    return str(request.param)


@pytest.fixture
def port(
    request: pytest.FixtureRequest, runner: asyncio.Runner, server: WebSocketServer, transport: str
) -> Iterator[int]:
    """Where the server under test is reached, at ``/``."""
    tls = request.getfixturevalue("server_tls") if transport == "tls" else None

    (listener,) = bind_sockets(0, "127.0.0.1")
    # Every accepted socket inherits it; otherwise the system's buffers grow, and slow readers are slow to fill.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)

    async def listen() -> HTTPServer:
        http_server = HTTPServer(Application([("/", WebSocketHandler, {"server": server})]), ssl_options=tls)
        http_server.add_socket(listener)
        return http_server

    http_server = runner.run(listen())
    yield listener.getsockname()[1]
    runner.run(_stop(http_server))


async def _stop(http_server: HTTPServer) -> None:
    http_server.stop()
    await http_server.close_all_connections()


@pytest.fixture
def connect(request: pytest.FixtureRequest, transport: str, port: int) -> Connect:
    """Give a client that has shaken hands; takes the arguments of ``AsyncWebSocketClient.connect``."""
    tls = None
    if transport == "tls":
        tls = ssl.create_default_context(cafile=str(request.getfixturevalue("certificate")))
    return lambda *args, **options: AsyncWebSocketClient.connect("127.0.0.1", port, *args, tls=tls, **options)

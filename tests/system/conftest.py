"""One real server for the tests of a process: as an operator starts it, without the demo's quotes."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.websocket_client import WebSocketClient

Connect = Callable[..., WebSocketClient]


@pytest.fixture(scope="module")
def server(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Up for all tests of a module."""
    with RunningServer(module_redis_url, tmp_path_factory.mktemp("var"), unused_port(), "--no-demo-quotes") as server:
        yield server


@pytest.fixture
def queue(server: RunningServer) -> Iterator[ServiceQueue]:
    """The list that a backend pushes to."""
    with ServiceQueue(server.redis_url) as queue:
        yield queue


@pytest.fixture
def login(server: RunningServer) -> DemoLogin:
    """A new session of the user demo."""
    return DemoLogin(server.url)


@pytest.fixture
def connect(server: RunningServer, login: DemoLogin) -> Iterator[Connect]:
    """Opens sockets of that session, and closes them all."""
    opened: list[WebSocketClient] = []

    def open_socket(**headers: str | None) -> WebSocketClient:
        client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", {**login.headers, **headers})
        opened.append(client)
        return client

    yield open_socket
    for client in opened:
        client.socket.close()

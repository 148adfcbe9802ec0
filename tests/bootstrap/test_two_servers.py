"""Two servers in one process: each has its own threads, queue, users and counts; they share Django's settings."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from rtserver.bootstrap.app import App, Life
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.process.listening_socket import ListeningSockets
from rtserver.service.message_queue import ServiceMessageQueue
from tests import django_environment
from tests.conftest import RedisServer
from tests.websocket_client import WebSocketClient

START_SECONDS = 40.0
QUEUES = ("queue:one", "queue:two")


class Awaited(Life):
    """Tells the test when the server is up."""

    def __init__(self) -> None:
        self.is_up = threading.Event()

    def on_up(self, app: App) -> None:
        self.is_up.set()


class Server:
    """One App on a thread of its own."""

    def __init__(self, queue: str, redis_url: str, var: Path) -> None:
        config = Config(
            port=0,
            tce_port=0,
            queue=queue,
            worker="w",
            var_dir=str(var / queue),
            demo_quotes=False,
            canary_seconds=0.2,
        )
        self.queue = ServiceMessageQueue.connect(redis_url, queue)
        self.sockets = ListeningSockets()
        self.sockets.bind_all(config)
        self._life = Awaited()
        self.app = App(config, redis_url, None, self.sockets, life=self._life)
        self.exit_codes: list[int] = []
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()
        assert self._life.is_up.wait(START_SECONDS), "the server did not start"

    def stop(self) -> None:
        self.app.stop()
        self._thread.join(START_SECONDS)
        self.sockets.close()
        self.queue.close()

    def metric(self, name: str) -> float:
        port = self.sockets.private[0].getsockname()[1]
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(f"rtserver_{name} "))

    def _run(self) -> None:
        self.exit_codes.append(asyncio.run(self.app.run()))


@contextmanager
def two_servers(redis_url: str, var: Path) -> Iterator[list[Server]]:
    servers = [Server(queue, redis_url, var) for queue in QUEUES]
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)
            server.start()
        yield servers


def new_session() -> str:
    """Log the demo's user in, and return the session's key."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.db import connections

    user = get_user_model().objects.get(username="demo")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    connections.close_all()
    return str(session.session_key)


def data_of(client: WebSocketClient, wanted: str) -> object:
    """The data of the client's next message of a type."""
    while True:
        message = json.loads(client.recv_text())
        if message["type"] == wanted:
            return message["data"]


@pytest.fixture
def servers(
    redis_server: RedisServer, redis_url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Server]]:
    django_environment.configure(redis_server.url, tmp_path_factory.mktemp("site"))
    with two_servers(redis_url, tmp_path) as running:
        yield running


def test_two_servers_in_one_process_serve_their_own_users_and_end_by_themselves(servers: list[Server]) -> None:
    cookie = {"Cookie": f"sessionid={new_session()}"}
    with ExitStack() as stack:
        clients = [
            stack.enter_context(WebSocketClient.connect("127.0.0.1", server.app.port, "/rt/", cookie))
            for server in servers
        ]
        for client, server in zip(clients, servers, strict=True):
            assert data_of(client, "userinfo")
            server.queue.put(
                "pushuser", "test", {"user_id": "*", "type": "named", "data": QUEUES[servers.index(server)]}
            )
        assert [data_of(client, "named") for client in clients] == list(QUEUES)
        assert [server.metric("agents") for server in servers] == [1, 1]
        first, second = servers
        first.stop()
        second.queue.put("pushuser", "test", {"user_id": "*", "type": "named", "data": "still here"})
        assert data_of(clients[1], "named") == "still here"
    second.stop()
    assert [server.exit_codes for server in servers] == [[0], [0]]

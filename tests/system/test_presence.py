"""Who is present, as browsers and a backend see it, over two real servers that share a Redis."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rtserver.registry.user_place import UserPlaces
from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.own_queue import OwnQueue
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.until import pause_thread, until
from tests.websocket_client import WebSocketClient

LINGER, WORKER_LINGER = 2.0, 3.0
FLAP = LINGER * 0.8 / 10
"""Five times away and back in eight seconds, where the linger is ten."""
DEMO, GUEST = "1", "2"
OPTIONS = (
    *("--no-demo-quotes", "--presence-queue", "queue:billing"),
    *("--presence-linger", f"{LINGER}", "--presence-worker-linger", f"{WORKER_LINGER}"),
)


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Closes all sockets."""
    with ExitStack() as stack:
        yield stack


def connect(opened: ExitStack, server: RunningServer, login: DemoLogin) -> WebSocketClient:
    return opened.enter_context(WebSocketClient.connect("127.0.0.1", server.port, "/rt/", login.headers))


class Follower:
    """A page that follows a scope, and everything that it is told."""

    def __init__(self, socket: WebSocketClient, scope: str = "all") -> None:
        self.socket = socket
        self.users: set[str] = set()
        self.seq, self.epoch = 0, ""
        self.differences: list[dict[str, Any]] = []
        request = {"op": "subscribe", "topic_id": "p", "service": "presence", "request": {"scope": scope}}
        self.socket.send_text(json.dumps({"type": "topic", "data": request, "id": 1}))
        until(self._is_listed, "the list has come")

    def look(self) -> None:
        """Take what has come."""
        for data in self._topic_messages():
            assert data["prev_seq"] == self.seq
            self._apply(data["updates"])
            self.seq = data["seq"]

    def _is_listed(self) -> bool:
        for data in self._topic_messages():
            self.users, self.seq, self.epoch = set(data["data"]["users"]), data["seq"], data["epoch"]
            return True
        return False

    def _apply(self, updates: list[dict[str, Any]]) -> None:
        self.differences += updates
        for each in updates:
            self.users = (self.users | set(each["joins"])) - set(each["leaves"])

    def _topic_messages(self) -> Iterator[dict[str, Any]]:
        while (text := self.socket.maybe_text()) is not None:
            message = json.loads(text)
            assert message["type"] != "error", message
            if message["type"] == "topic":
                yield message["data"]


def told(billing: OwnQueue) -> list[tuple[str, str]]:
    """Take the events on the backend's queue."""
    messages = billing.get(100, 0.01)
    billing.ack(*messages)
    return [(message.type, message.data["user_id"]) for message in messages]


def test_presence_is_one_over_servers_and_each_event_is_told_once(
    redis_url: str, tmp_path: Path, opened: ExitStack
) -> None:
    with (
        RunningServer(redis_url, tmp_path / "one", unused_port(), *OPTIONS, "--worker", "one") as one,
        RunningServer(redis_url, tmp_path / "two", unused_port(), *OPTIONS, "--worker", "two") as two,
        ServiceMessageQueue.own("queue:billing", redis_url) as billing,
        plain_client(redis_url) as client,
    ):
        places = UserPlaces(RedisLeases(client, "queue:rtserver"))
        logins = {server: DemoLogin(server.url) for server in (one, two)}
        guest = {server: DemoLogin(server.url, "guest") for server in (one, two)}
        pages = [Follower(connect(opened, server, logins[server])) for server in (one, two)]

        def follow() -> list[set[str]]:
            for page in pages:
                page.look()
            return [page.users for page in pages]

        until(lambda: follow() == [{DEMO}] * 2, "both see the one user")
        heard = told(billing)
        assert heard == [("user_online", DEMO)]

        # A second user joins at once, and flapping between servers says nothing.
        def guest_socket(server: RunningServer) -> WebSocketClient:
            return connect(opened, server, guest[server])

        begun = time.monotonic()
        socket = guest_socket(one)
        until(lambda: follow() == [{DEMO, GUEST}] * 2, "both see the guest")
        assert time.monotonic() - begun < LINGER
        before = [len(page.differences) for page in pages]
        for turn in range(5):
            socket.socket.close()
            pause_thread(FLAP)
            socket = guest_socket((two, one)[turn % 2])
            pause_thread(FLAP)
        pause_thread(2 * LINGER)
        assert follow() == [{DEMO, GUEST}] * 2
        assert [page.differences[size:] for page, size in zip(pages, before, strict=True)] == [[], []]

        # A server dies with the guest on it: who stays sees one leave, after the longer linger.
        socket.socket.close()
        socket = guest_socket(one)
        until(lambda: places.where(GUEST) == ("one",), "the registry knows")
        one.stop(signal.SIGKILL)
        ended = time.monotonic()
        one.start()
        del pages[0]
        until(lambda: follow() == [{DEMO}], "the guest has left")
        assert time.monotonic() - ended >= WORKER_LINGER
        assert [each["leaves"] for each in pages[0].differences[before[1] :]] == [[GUEST]]
        pages[0].socket.socket.close()
        until(lambda: heard.extend(told(billing)) or len(heard) >= 4, "all is told")
        assert heard == [
            ("user_online", DEMO),
            ("user_online", GUEST),
            ("user_offline", GUEST),
            ("user_offline", DEMO),
        ]


def test_a_page_that_comes_back_on_the_other_server_gets_what_it_lacks(
    redis_url: str, tmp_path: Path, opened: ExitStack
) -> None:
    with (
        RunningServer(redis_url, tmp_path / "one", unused_port(), *OPTIONS, "--worker", "one") as one,
        RunningServer(redis_url, tmp_path / "two", unused_port(), *OPTIONS, "--worker", "two") as two,
    ):
        page = Follower(connect(opened, one, DemoLogin(one.url)), "channel:a")
        stays = Follower(connect(opened, two, DemoLogin(two.url, "guest")), "channel:a")
        until(lambda: page.look() or page.users == {DEMO, GUEST}, "both are in the channel")
        until(lambda: stays.look() or stays.users == {DEMO, GUEST}, "as the other server says")
        other = connect(opened, two, DemoLogin(two.url))
        after = {"epoch": page.epoch, "seq": page.seq}
        request = {"op": "subscribe", "topic_id": "p", "service": "presence", "request": {"scope": "channel:a"}}
        other.send_text(json.dumps({"type": "topic", "data": {**request, "after": after}, "id": 1}))
        answer: dict[str, Any] = {}

        def is_answered() -> bool:
            while (text := other.maybe_text()) is not None:
                message = json.loads(text)
                if message["type"] == "topic":
                    answer.update(message["data"])
                    return True
            return False

        until(is_answered, "an answer")
        assert (answer["op"], answer["prev_seq"], answer["updates"]) == ("update", page.seq, [])
        for scope in ("group:staff", "nobody"):
            socket = connect(opened, one, DemoLogin(one.url))
            with pytest.raises(AssertionError, match="offers no presence"):
                Follower(socket, scope)

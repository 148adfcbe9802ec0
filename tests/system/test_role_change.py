"""A failover after which the old primary stays up as a replica: a real server, real Sentinels, and whatever was idle.

The six failovers follow one another on one server and go back and forth between two Redis nodes. After each of them,
messages are delivered again within five seconds.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from rtserver.service.message_queue import ServiceMessageQueue
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.sentinel_group import SentinelGroup
from tests.service_queue import ServiceQueue
from tests.until import until
from tests.websocket_client import WebSocketClient

HEALED_SECONDS = 5.0
SERVICES = ("--no-demo-quotes", "--services", "tests.system.witness:OnceWitness")


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SentinelGroup]:
    with SentinelGroup(tmp_path_factory.mktemp("sentinels")) as group:
        yield group


@pytest.fixture(scope="module")
def server(group: SentinelGroup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(group.address, tmp_path_factory.mktemp("var"), unused_port(), *SERVICES) as server:
        yield server


class Page:
    """A page of the user demo, and whoever pushes to it."""

    def __init__(self, group: SentinelGroup, server: RunningServer) -> None:
        self._group, self._server = group, server
        headers = DemoLogin(server.url).headers
        self._socket = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", headers)
        self.user_id = self._await_message(lambda message: message["type"] == "userinfo")["data"]["user"]["id"]

    def push(self, number: int, put: Callable[..., object]) -> None:
        put("pushuser", "test", {"user_id": self.user_id, "type": "n", "data": number})

    def push_anew(self, number: int) -> None:
        """By a producer that connects now."""
        with ServiceQueue(self._group.url) as queue:
            self.push(number, lambda type_, _src, data: queue.push(type_, data))

    def await_number(self, number: int, seconds: float = HEALED_SECONDS) -> None:
        self._await_message(lambda message: message["type"] == "n" and message["data"] == number, seconds)

    def close(self) -> None:
        self._socket.socket.close()

    def _await_message(self, is_it: Callable[[dict[str, Any]], bool], seconds: float = HEALED_SECONDS) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            assert left > 0, "not delivered:\n" + "".join(self._server.output[-20:])
            self._socket.socket.settimeout(left)
            message = json.loads(self._socket.recv_text())
            if is_it(message):
                return message


@pytest.fixture
def page(group: SentinelGroup, server: RunningServer) -> Iterator[Page]:
    # The site reads sessions by connections of its own: a replica that still lags does not know one just made.
    group.wait_synced()
    page = Page(group, server)
    page.push_anew(0)
    page.await_number(0)
    group.wait_synced()
    yield page
    page.close()


def test_to_an_idle_page(group: SentinelGroup, page: Page) -> None:
    group.fail_over()
    page.push_anew(1)
    page.await_number(1)


def test_from_an_idle_producer_at_its_first_attempt(group: SentinelGroup, page: Page) -> None:
    producer = ServiceMessageQueue.connect(group.address)
    page.push(1, producer.put)
    page.await_number(1)
    group.wait_synced()
    group.fail_over()
    page.push(2, producer.put)
    page.await_number(2)
    producer.close()


def test_while_a_producer_pushes_on_and_on(group: SentinelGroup, page: Page) -> None:
    producer = ServiceMessageQueue.connect(group.address)
    is_over, pushed = threading.Event(), [10]

    def push_on() -> None:
        while not is_over.is_set():
            try:
                page.push(pushed[0] + 1, producer.put)
                pushed[0] += 1
            except Exception:  # noqa: BLE001 (whatever it is, the next attempt decides)
                is_over.wait(0.01)

    thread = threading.Thread(target=push_on)
    thread.start()
    try:
        page.await_number(20)
        group.fail_over()
        # The first that is pushed when the failover is over, and all behind it.
        page.await_number(pushed[0] + 2)
    finally:
        is_over.set()
        thread.join()
        producer.close()
    page.await_number(pushed[0])


def test_where_every_reader_waits_in_the_old_primary(group: SentinelGroup, page: Page) -> None:
    until_waiting(group, {"blmove", "xread", "xreadgroup"})
    group.fail_over()
    page.push_anew(1)
    page.await_number(1)
    until_waiting(group, {"blmove", "xread", "xreadgroup"}, HEALED_SECONDS)


def test_with_idle_connections_of_every_role_in_the_pools(group: SentinelGroup, page: Page) -> None:
    # Many at once: what one message needs one after the other then lies idle several times.
    with ServiceQueue(group.url) as queue:
        for number in range(1, 200):
            page.push(number, lambda type_, _src, data: queue.push(type_, data))
            queue.push("once_witness", {"redis": group.url, "n": number, "is_fresh": True})
    page.await_number(199)
    group.wait_synced()
    group.fail_over()
    page.push_anew(200)
    page.await_number(200)


def test_to_an_idle_once_handler(group: SentinelGroup, page: Page) -> None:
    group.fail_over()
    with ServiceQueue(group.url) as queue, redis.Redis.from_url(group.url) as client:
        queue.push("once_witness", {"redis": group.url, "n": 1_000, "is_fresh": True})
        deadline = time.monotonic() + HEALED_SECONDS
        handled = None
        while handled != (b"handled", b"1000"):  # what the tests before have pushed may come first
            left = deadline - time.monotonic()
            assert left > 0, f"not handled, {handled} was the last"
            handled = client.blpop(["handled"], left)


def until_waiting(group: SentinelGroup, commands: set[str], seconds: float = 10.0) -> None:
    """Until clients wait in the primary with all of these commands; a reader that rests waits by BLPOP."""
    with group.primary.client() as client:

        def waiting() -> set[str]:
            found = {one["cmd"] for one in client.client_list() if "b" in one["flags"]}
            return found | {"xread"} if "blpop" in found else found

        until(lambda: commands <= waiting(), f"{commands} wait", seconds)

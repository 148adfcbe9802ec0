"""A server of this version and one of the version before, on one queue at the same time."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import BUS, QUEUE, ServiceQueue
from tests.until import until
from tests.websocket_client import WebSocketClient

USER_ID = 1
FORMAT = "{queue:rtserver}:format"

MOVE = """
local raw = redis.call('LPOP', KEYS[1])
if not raw then
  return 0
end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local ms, number = string.match(last and last[1] or '0-0', '(%d+)-(%d+)')
local now = redis.call('TIME')[1] * 1000
redis.call('XADD', KEYS[2], string.format('%.0f-%.0f', math.max(now, ms), number + 1), 'raw', raw)
return 1
"""


class OldServer:
    """Work of a server of the version before on the list and the bus.

    It moves a message as an entry of the one field "raw", under an id whose second part counts all entries. Of an
    entry it reads the value of the first field, whatever there is besides.
    """

    def __init__(self, redis_url: str) -> None:
        self._client = redis.Redis.from_url(redis_url)
        self._move = self._client.register_script(MOVE)
        self._position = b"0-0"
        self.read: list[int] = []
        """The data of the pushed messages."""

    def close(self) -> None:
        self._client.close()

    def move(self) -> None:
        """Move one message, if there is any."""
        self._move([QUEUE, BUS])

    def move_all(self) -> None:
        while self._client.llen(QUEUE):
            self.move()

    def look(self) -> list[int]:
        """Read on. Return what was read since the beginning."""
        for _, entries in self._client.xread({BUS: self._position}):
            for entry_id, fields in entries:
                message = json.loads(next(iter(fields.values())))
                assert next(iter(fields)) == b"raw"
                self._position = entry_id
                if message["type"] == "pushuser":
                    self.read.append(message["data"]["data"])
        return self.read


@pytest.fixture
def old(redis_url: str) -> Iterator[OldServer]:
    server = OldServer(redis_url)
    yield server
    server.close()


def push(queue: ServiceQueue, numbers: range) -> None:
    """Push numbers to the user, as producers of both versions write them."""
    for number in numbers:
        data = json.dumps({"user_id": USER_ID, "type": "n", "data": number})
        addressed = f'"to":"{USER_ID}",' if number % 2 else ""
        queue.push_raw(f'{{"type":"pushuser",{addressed}"src":"test","data":{data}}}')


def come(server: RunningServer, offset: str | None) -> WebSocketClient:
    """Open a page that has everything up to an offset."""
    client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
    client.send_text(json.dumps({"type": "resume", "data": {"offset": offset}}))
    return client


def read(client: WebSocketClient, last: int) -> tuple[list[int], str]:
    """Return the numbers up to the last one, and its offset."""
    numbers = []
    while True:
        message = json.loads(client.recv_text())
        if message["type"] == "n":
            numbers.append(message["data"])
            if message["data"] == last:
                return numbers, message["offset"]


def test_an_old_and_a_new_server_lose_and_double_nothing_whichever_was_first(
    redis_url: str, tmp_path: Path, old: OldServer
) -> None:
    server = RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes", "--worker", "w")
    with server, ServiceQueue(redis_url) as queue:
        with come(server, None) as client:
            push(queue, range(20))  # the new one is there alone: the old one reads its entries
            numbers, offset = read(client, 19)
            assert numbers == list(range(20))
            until(lambda: old.look() == list(range(20)), "the old one reads what the new one moves")

            def is_moved() -> bool:
                old.move()
                return not queue.waiting()

            push(queue, range(20, 220))
            until(is_moved, "both move what is there")
            numbers, offset = read(client, 219)
            assert numbers == list(range(20, 220))
            until(lambda: old.look() == list(range(220)), "the old one has all of it")
        queue.wait_until_saved()
        server.stop()
        push(queue, range(220, 240))
        old.move_all()  # the old one is there alone
        assert old.look() == list(range(240))
        server.start()
        with come(server, offset) as client:
            numbers, _ = read(client, 239)
            assert numbers == list(range(220, 240))


def test_a_server_beside_newer_ones_whose_format_it_cannot_read_says_so_and_serves_nothing(
    redis_url: str, tmp_path: Path
) -> None:
    server = RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes", "--worker", "w")
    words = "the bus of queue:rtserver has format 2; this version reads up to 1, so start a newer one"
    with closing(redis.Redis.from_url(redis_url)) as client, ServiceQueue(redis_url) as queue:

        def pushes() -> int:
            return sum(b"pushuser" in raw for raw in queue.waiting())

        client.set(FORMAT, 2)
        push(queue, range(3))
        server.start(lambda: any(words in line for line in server.output))
        try:
            until(lambda: status_of(server) == 503, "it is up and not ready")
            assert pushes() == 3
            client.delete(FORMAT)
            server.wait_ready()
            until(lambda: pushes() == 0, "it serves")
            assert sum(words in line for line in server.output) == 1
        finally:
            server.end()


def status_of(server: RunningServer) -> int:
    """Return the status of ``/readyz``; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"{server.url}/readyz") as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code
    except OSError:
        return 0

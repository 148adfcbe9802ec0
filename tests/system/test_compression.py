"""A server that compresses, from outside: who inflates and who does not see the same."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import unused_port
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.system.conftest import Connect
from tests.websocket_client import TEXT, WebSocketClient, masked

START_MS = 1_362_148_200_000
OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate"}
COMPRESSED = 0x40


@pytest.fixture(scope="module")
def server(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Up for all tests of this module."""
    options = ("--no-demo-quotes", "--compression", "deflate")
    with RunningServer(module_redis_url, tmp_path_factory.mktemp("var"), unused_port(), *options) as server:
        yield server


class Reader:
    """Reads messages, and notes how they came."""

    def __init__(self, client: WebSocketClient) -> None:
        self.client = client
        self.compressed = 0
        self.size = 0

    def recv(self) -> Any:
        """The next message."""
        frame = self.client.recv()
        payload = frame.payload
        self.size += len(payload)
        if frame.first & COMPRESSED:
            self.compressed += 1
            payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        return json.loads(payload)

    def recv_chart(self) -> Any:
        """The data of the next message about a chart."""
        while (message := self.recv())["type"] != "mycharts":
            pass
        return message["data"]

    def ask_for(self, item: str, *, is_compressed: bool) -> None:
        """Ask for a dynamic chart."""
        request = {"type": "quote", "chart_id": "c", "exchange": "TEST", "item": item, "date": "20130301"}
        message = json.dumps({"type": "mycharts", "data": {**request, "update": "dynamic"}}).encode()
        if is_compressed:
            compressor = zlib.compressobj(wbits=-15)
            message = (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        self.client.send(masked(TEXT, message, reserved=4 * is_compressed))


def test_one_who_inflates_and_one_who_does_not_get_the_same_picture_and_updates(
    connect: Connect, queue: ServiceQueue
) -> None:
    early, inflating, plain = Reader(connect()), Reader(connect(**OFFER)), Reader(connect())
    assert "sec-websocket-extensions" in inflating.client.answer.headers
    assert "sec-websocket-extensions" not in plain.client.answer.headers
    points = [{"quote": "TEST:Z:20130301", "info": {"point": [START_MS + n, 100 + n % 9]}} for n in range(1000)]
    queue.push("quote", points)
    early.ask_for("Z", is_compressed=False)
    while early.recv_chart()["seq"] < 1000:
        pass
    inflating.ask_for("Z", is_compressed=True)
    plain.ask_for("Z", is_compressed=False)
    picture = inflating.recv_chart()
    assert picture == plain.recv_chart()
    assert len(picture["chart"]["series"][0]["data"]) == 1000
    assert inflating.size < plain.size / 2
    queue.push_price("TEST:Z:20130301", START_MS + 1000, 123.5)
    assert inflating.recv_chart() == plain.recv_chart() == early.recv_chart()
    assert (inflating.compressed >= 2, plain.compressed) == (True, 0)


def test_a_long_notice_to_everyone_is_compressed_for_those_who_inflate(connect: Connect, queue: ServiceQueue) -> None:
    inflating, plain = Reader(connect(**OFFER)), Reader(connect())
    text = "the market closes in a minute; " * 30
    for reader in (inflating, plain):
        assert reader.recv()["type"] == "userinfo"
    queue.push("pushuser", {"user_id": "*", "type": "notice", "data": {"text": text}})
    for reader in (inflating, plain):
        reader.size = 0
        assert reader.recv()["data"]["text"] == text
    assert inflating.size < plain.size / 4

"""Some clients stop reading while prices flow: what it costs the server, the others, and themselves."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.websocket_client import WebSocketClient

BUDGET = 65_536
HEALTHY, STALLED = 12, 6
BATCH = 200  # ticks in one service message, and therefore in one frame of about 7 KB
QUOTE = {"exchange": "TEST", "item": "X", "date": "20130301"}
START_MS = 1_362_148_200_000


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    options = ("--no-demo-quotes", "--outbox-bytes", str(BUDGET), "--unsent-bytes", "8192")
    with RunningServer(redis_url, tmp_path, unused_port(), *options) as server:
        yield server


class Follower:
    """A client with one chart, who notes the numbers of what it is sent."""

    def __init__(self, client: WebSocketClient) -> None:
        self.client = client
        self.seq = 0
        self.gaps = 0
        self.lags: list[bool] = []
        self._ask()

    def read_until(self, seq: int) -> None:
        """Read up to the tick of that number."""
        while self.seq < seq:
            self._take(json.loads(self.client.recv_text()))

    def read_until_caught_up(self) -> None:
        """Read until the server says that it lags no more."""
        while self.lags[-1:] != [False]:
            self._take(json.loads(self.client.recv_text()))

    def ask_again(self) -> int:
        """Ask for the picture again, as a page does about a gap, and return its number."""
        self._ask()
        return self.seq

    def _ask(self) -> None:
        data = {"type": "quote", "chart_id": "c", "update": "dynamic", **QUOTE}
        self.client.send_text(json.dumps({"type": "mycharts", "data": data}))
        while self._take(json.loads(self.client.recv_text())) != "static":
            pass

    def _take(self, message: dict[str, Any]) -> str:
        data = message["data"]
        if message["type"] == "notice":
            self.lags.append(data["lagging"])
        if message["type"] != "mycharts":
            return ""
        self.gaps += data["update"] == "dynamic" and data["prev_seq"] != self.seq
        self.seq = data["seq"]
        return str(data["update"])


@pytest.fixture
def followers(server: RunningServer) -> Iterator[list[Follower]]:
    """All clients; the last ``STALLED`` of them have little room for what they do not read."""
    headers = DemoLogin(server.url).headers
    with ExitStack() as stack:
        buffers = [None] * HEALTHY + [4096] * STALLED
        yield [
            Follower(
                stack.enter_context(
                    WebSocketClient.connect("127.0.0.1", server.port, "/rt/", headers, receive_buffer=buffer)
                )
            )
            for buffer in buffers
        ]


class Flow:
    """A producer who goes on when the healthy clients have read what it sent."""

    def __init__(self, queue: ServiceQueue, healthy: list[Follower]) -> None:
        self.ticks = 0
        self._queue = queue
        self._healthy = healthy

    def send(self, count: int = BATCH) -> None:
        """A message with so many ticks, until everybody healthy has it."""
        labels = range(self.ticks, self.ticks + count)
        key = ":".join(QUOTE.values())
        points = [[START_MS + label, 400 + label % 100 / 4] for label in labels]
        self._queue.push("quote", [{"quote": key, "info": {"point": point}} for point in points])
        self.ticks += count
        for follower in self._healthy:
            follower.read_until(self.ticks)


def metrics(server: RunningServer) -> dict[str, float]:
    """The numbers without labels, by name."""
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#") and "{" not in line]
    return {name.removeprefix("rtserver_"): float(value) for name, _, value in pairs}


def test_clients_who_stop_reading_cost_no_more_than_their_budget_and_nobody_else_anything(
    server: RunningServer, followers: list[Follower]
) -> None:
    healthy, stalled = followers[:HEALTHY], followers[HEALTHY:]
    with ServiceQueue(server.redis_url) as queue:
        flow = Flow(queue, healthy)
        batches = 0
        while (found := metrics(server))["clients_lagging"] < STALLED:
            assert found["outbox_bytes"] <= STALLED * BUDGET
            flow.send()
            batches += 1
            assert batches < 100, "the stalled clients are not noticed"

        for _ in range(40):
            flow.send()
        found = metrics(server)
        # All that was there when the lag began, and of what came since the newest message of the one chart.
        assert STALLED * BUDGET / 2 < found["outbox_bytes"] <= STALLED * BUDGET
        assert (found["clients_lagging"], found["clients_too_slow_total"]) == (STALLED, 0)
        assert found["frames_conflated_total"] >= STALLED * 30
        assert all((follower.gaps, follower.lags) == (0, []) for follower in healthy)

        for follower in stalled:
            follower.read_until_caught_up()
            assert (follower.seq, follower.gaps, follower.lags[-1]) == (flow.ticks, 1, False)
        assert (metrics(server)["clients_lagging"], metrics(server)["outbox_bytes"]) == (0, 0)

        # From here on they are as everybody else; a picture has what they missed.
        assert {follower.ask_again() for follower in stalled} == {flow.ticks}
        for _ in range(3):
            flow.send(1)
        for follower in stalled:
            follower.read_until(flow.ticks)
            assert follower.gaps == 1

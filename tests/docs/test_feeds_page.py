"""The page about feeds: its commands as they stand there, through a real Redis and a real server."""

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import unused_port
from tests.docs.document import ROOT, all_blocks, blocks
from tests.docs.visitor import Visitor, log_in
from tests.fork_server import ForkedProcess, fork
from tests.running_server import RunningServer
from tests.service_queue import BUS, DEAD
from tests.until import until

PAGE = ROOT / "docs" / "feeds.md"
CSV_COMMAND, TRADES_COMMAND, CLASS_COMMAND = blocks(PAGE, "sh feed")
[SIMULATOR_COMMAND] = blocks(PAGE, "sh simulator")
PORT = "9443"


@pytest.fixture(scope="module")
def server(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(
        module_redis_url, tmp_path_factory.mktemp("var"), unused_port(), "--no-demo-quotes"
    ) as running:
        yield running


@pytest.fixture
def bus(module_redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(module_redis_url) as client:
        yield client


@pytest.fixture
def terminal(tmp_path: Path, module_redis_url: str) -> "Terminal":
    return Terminal(tmp_path, module_redis_url)


class Terminal:
    """A directory with the page's files, where its commands are typed."""

    def __init__(self, directory: Path, redis_url: str) -> None:
        self._directory = directory
        self._environment = {**os.environ, "RTSERVER_REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
        for block in all_blocks(PAGE):
            kind, _, name = block.info.partition(" ")
            if kind in ("csv", "python") and name:
                self.write(name, block.text)

    def write(self, name: str, text: str) -> None:
        path = self._directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    @contextmanager
    def typed(self, command: str) -> Iterator[ForkedProcess]:
        """A command that runs. It is ended by Ctrl-C, and has to have ended well."""
        program, *words = shlex.split(command)
        assert program == "rtserver"
        process = fork(["-m", "rtserver", *words], self._environment, directory=self._directory)
        yield process
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
        assert process.returncode == 0, output


def quotes_on(bus: redis.Redis, exchange: str) -> list[dict[str, Any]]:
    """All items of an exchange that came to the bus."""
    messages = [json.loads(fields[b"raw"]) for _, fields in bus.xrange(BUS)]
    items = [item for each in messages if each["type"] == "quote" for item in each["data"]]
    return [item for item in items if item["quote"].startswith(f"{exchange}:")]


def prices_of(server: RunningServer, quote: str) -> list[list[float]]:
    """The rows of a quote that somebody who comes now is shown."""
    with Visitor(server, log_in(server)) as visitor:
        request = {"op": "subscribe", "topic_id": 1, "service": "quotes", "request": {"quote": quote}}
        return [row[:3] for row in visitor.ask("topic", request)["data"]["rows"]]


def test_the_file_of_the_page_is_played(terminal: Terminal, server: RunningServer, bus: redis.Redis) -> None:
    with terminal.typed(CSV_COMMAND) as process:
        until(lambda: process.poll() is not None, "the file is at its end")
    until(lambda: len(quotes_on(bus, "FILE")) == 3, "the points are on the bus")
    until(lambda: len(prices_of(server, "FILE:AAPL:20130301")) == 3, "the points are shown")
    assert [row[1] for row in prices_of(server, "FILE:AAPL:20130301")] == [430.5, 430.75, 430.25]


def test_trades_come_once_over_connections_that_end_all_the_time(
    terminal: Terminal, server: RunningServer, bus: redis.Redis
) -> None:
    port = str(unused_port())

    def numbers_of(quote: str) -> list[int]:
        return [item["info"]["id"] for item in quotes_on(bus, "SIM") if item["quote"] == quote]

    def have_come_again() -> bool:
        return all(len(numbers_of(quote)) > 60 for quote in ("SIM:BTCUSDT", "SIM:ETHUSDT"))

    with (
        terminal.typed(SIMULATOR_COMMAND.replace(PORT, port)),
        terminal.typed(TRADES_COMMAND.replace(PORT, port)),
    ):
        until(have_come_again, "the trades of three connections are there")
    for quote in ("SIM:BTCUSDT", "SIM:ETHUSDT"):
        numbers = numbers_of(quote)
        assert numbers == sorted(set(numbers))
    assert not bus.xrange(DEAD)
    until(lambda: len(prices_of(server, "SIM:BTCUSDT")) > 10, "somebody is shown the trades")


def test_two_feeds_of_one_source_are_one_stream(terminal: Terminal, server: RunningServer, bus: redis.Redis) -> None:
    port = str(unused_port())
    command = TRADES_COMMAND.replace(PORT, port).replace("--exchange SIM", "--exchange TWICE")
    request = {"op": "subscribe", "topic_id": 1, "service": "quotes", "request": {"quote": "TWICE:BTCUSDT"}}

    def numbers() -> list[int]:
        return [item["info"]["id"] for item in quotes_on(bus, "TWICE") if item["quote"] == "TWICE:BTCUSDT"]

    def count() -> int:
        with Visitor(server, log_in(server)) as visitor:
            return int(visitor.ask("topic", request)["seq"])

    with (
        terminal.typed(SIMULATOR_COMMAND.replace(PORT, port)),
        terminal.typed(f"{command} --src one"),
        terminal.typed(f"{command} --src other"),
    ):
        until(lambda: len(numbers()) - len(set(numbers())) > 30, "both have sent the same trades")
    until(lambda: count() == len(set(numbers())), "each trade counts once")
    assert not bus.xrange(DEAD)


QUIET = """
import time
from rtserver.feed.port import Feed, QuoteInfo

class Quiet(Feed):
    def __iter__(self):
        yield "QUIET:GOLD", QuoteInfo([1448010000000, 35120])
        while True:
            time.sleep(0.01)
            yield None
"""


def test_somebody_who_watches_a_quiet_quote_hears_that_its_producer_is_alive(
    terminal: Terminal, server: RunningServer, bus: redis.Redis
) -> None:
    terminal.write("quiet.py", QUIET)
    with terminal.typed("rtserver feed run quiet:Quiet --heartbeat 0.1"), Visitor(server, log_in(server)) as visitor:
        until(lambda: quotes_on(bus, "QUIET"), "the tick is on the bus")
        chart = {"type": "quote", "chart_id": "c", "exchange": "QUIET", "item": "GOLD", "update": "dynamic"}
        heard = visitor.ask("mycharts", chart)
        while heard["update"] == "static" or heard["seq"] == 0 or heard["chart"]["series"]:
            heard = visitor.receive("mycharts")
    assert (heard["seq"], heard["prev_seq"], heard["chart"]) == (1, 1, {"series": []})
    assert not bus.xrange(DEAD)


def test_a_class_of_ones_own_runs(terminal: Terminal, server: RunningServer, bus: redis.Redis) -> None:
    terminal.write(
        "prices.log", "GOLD 1448010000000 35120 1\nGOLD 1448010001000 35130 2\nGOLD 1448010001000 35130 2\n"
    )
    with terminal.typed(CLASS_COMMAND) as process:
        until(lambda: process.poll() is not None, "the log is at its end")
    until(lambda: len(quotes_on(bus, "SHOP")) == 2, "the points are on the bus")
    until(lambda: len(prices_of(server, "SHOP:GOLD")) == 2, "the points are shown")


def test_a_producer_in_node_finds_the_queues_of_quotes_as_the_server_does(tmp_path: Path) -> None:
    [helper] = blocks(PAGE, "js queues")
    vectors = json.loads((ROOT / "tests" / "vectors" / "shards.json").read_text(encoding="utf-8"))
    script = f"""{helper}
for (const {{ key, queues, queue }} of {json.dumps(vectors)}) {{
  const shares = divided([{{ quote: key }}], queues);
  console.log(queueOf(key, queues) === queue && shares.get(queue).length === 1 && shares.size === queues.length);
}}"""
    path = tmp_path / "queues.mjs"
    path.write_text(script, encoding="utf-8")
    run = subprocess.run(["node", path], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.split() == ["true"] * len(vectors)

"""``rtserver feed`` as somebody at a terminal meets it: real processes, a real Redis, exit codes."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis

from rtserver.base.queue.redis_queue import plain_client
from tcelib.lease.port import Registration
from tcelib.lease.redis import RedisLeases
from tests.conftest import unused_port
from tests.fork_server import REPOSITORY, ForkedProcess, fork, run
from tests.redis_process import RedisProcess
from tests.until import until

QUEUE = "queue:rtserver"
CLASS = """
from rtserver.feed.port import Feed, FeedError, QuoteInfo

class Endless(Feed):
    def __iter__(self):
        for number in range(10**9):
            yield "A:GOLD", QuoteInfo([number, 1.5], id=number)

class Broken(Feed):
    def __iter__(self):
        yield "A:GOLD", QuoteInfo([1, 1.5])
        raise KeyError("price")

class Steady(Feed):
    def __iter__(self):
        import time
        for number in range(1500):
            time.sleep(0.001)
            yield "A:GOLD", QuoteInfo([number, 1.5], id=number)

class Quiet(Feed):
    def __iter__(self):
        import time
        yield "A:GOLD", QuoteInfo([1, 1.5])
        while True:
            time.sleep(0.01)
            yield None
"""


class Desk:
    """A directory with a module of feeds, and a Redis."""

    def __init__(self, directory: Path, redis_url: str) -> None:
        (directory / "own_feeds.py").write_text(CLASS)
        self.directory = directory
        self._client = redis.Redis.from_url(redis_url)
        self._environment = {**os.environ, "RTSERVER_REDIS_URL": redis_url, "PYTHONPATH": str(REPOSITORY)}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run(["-m", "rtserver", "feed", *words], self._environment, directory=self.directory)

    def start(self, *words: str) -> ForkedProcess:
        return fork(["-m", "rtserver", "feed", *words], self._environment, directory=self.directory)

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for raw in self._client.lrange(QUEUE, 0, -1)]

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def desk(tmp_path: Path, redis_url: str) -> Any:
    desk = Desk(tmp_path, redis_url)
    yield desk
    desk.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_feed_is_held_by_a_long_list_and_ends_in_order(desk: Desk, how: signal.Signals) -> None:
    process = desk.start("run", "own_feeds:Endless", "--max-backlog", "5", "--batch", "10")
    until(lambda: len(desk.messages()) >= 5, "the list is as long as it may be")
    process.send_signal(how)
    output, _ = process.communicate()
    assert (process.returncode, output) == (0, "")
    numbers = [item["info"]["id"] for each in desk.messages() for item in each["data"]]
    assert numbers == list(range(len(numbers)))
    assert 5 <= len(numbers) <= 80


def test_a_feed_that_breaks_shows_where_and_what_it_had_is_on_the_list(desk: Desk) -> None:
    done = desk.run("run", "own_feeds:Broken")
    assert done.returncode == 1
    assert "own_feeds.py" in done.stderr
    assert done.stderr.endswith("KeyError: 'price'\n")
    assert len(desk.messages()) == 1


def test_a_redis_that_dies_and_comes_back_costs_no_tick(desk: Desk, tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as process:
        feed = desk.start("run", "own_feeds:Steady", "--redis-url", process.url)
        with process.client() as client:
            until(lambda: client.llen(QUEUE) > 3, "the feed runs")
        process.kill()
        process.start()
        output, _ = feed.communicate()
        assert feed.returncode == 0, output
        with process.client() as client:
            messages = [json.loads(raw) for raw in client.lrange(QUEUE, 0, -1)]
    once = {each["id"]: each for each in messages}  # a server drops the second one with an id
    assert [item["info"]["id"] for each in once.values() for item in each["data"]] == list(range(1500))


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (("run", "own_feeds:Missing"), 1, "plug-in 'own_feeds:Missing' cannot be loaded"),
        (("run", "pathlib:Path"), 1, "plug-in 'pathlib:Path' is no subclass of rtserver.feed.port.Feed"),
        (("trades", "http://x/", "--exchange", "X"), 2, "an address looks like wss://"),
        (("csv", "nothing.csv", "--quote", "A:B"), 2, "does not exist"),
    ],
)
def test_what_cannot_begin_says_why(desk: Desk, words: tuple[str, ...], status: int, text: str) -> None:
    done = desk.run(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_redis_that_is_away_at_the_start_is_one_line(desk: Desk, free_port: int) -> None:
    done = desk.run("run", "own_feeds:Endless", "--redis-url", f"redis://127.0.0.1:{free_port}/0")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: redis://127.0.0.1:{free_port}/0: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_port_of_the_simulator_that_is_taken_is_one_line(desk: Desk) -> None:
    port = str(unused_port())
    first = desk.start("simulate", "--port", port)
    assert first.stdout.readline() == f"trades at ws://127.0.0.1:{port}/stream?streams=btcusdt@trade/ethusdt@trade\n"
    second = desk.run("simulate", "--port", port)
    assert (second.returncode, second.stderr) == (1, f"Error: 127.0.0.1:{port}: Address already in use\n")
    first.send_signal(signal.SIGTERM)
    first.communicate()
    assert first.returncode == 0


def test_heartbeats_are_for_servers_that_know_them(desk: Desk, redis_url: str) -> None:
    def beats() -> list[dict[str, Any]]:
        return [each for each in desk.messages() if each["type"] == "quote_alive"]

    words = ("run", "own_feeds:Quiet", "--heartbeat", "0.05")
    process = desk.start(*words)
    until(beats, "a heartbeat comes")
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert beats()[0]["data"] == {"quotes": ["A:GOLD"]}

    with plain_client(redis_url) as client:
        RedisLeases(client, QUEUE).join(Registration("worker", "old", reads=("quote",)), 60.0)
        client.call("DEL", QUEUE)
    process = desk.start(*words)
    until(desk.messages, "the tick comes")
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert not beats()

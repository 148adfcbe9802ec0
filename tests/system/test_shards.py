"""Quotes that several queues share, as producers, charts and an operator see it."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner, Result

from rtserver.base.queue.shard import queue_of, spread_names
from rtserver.bootstrap.command.cli import main
from rtserver.service.message_queue import ServiceMessageQueue
from tests.conftest import unused_port
from tests.docs.visitor import Visitor, log_in
from tests.running_server import RunningServer
from tests.until import until

BEGIN_MS = 1_700_000_040_000
"""Begin of a minute."""
QUOTES = [f"NYSE:I{number}" for number in range(12)]
MINUTES = 5
TWO, FOUR = spread_names("queue:rtserver", 2), spread_names("queue:rtserver", 4)


def prices(minute: int) -> list[dict[str, Any]]:
    """One price of each quote."""
    stamp = BEGIN_MS + minute * 60_000
    return [{"quote": key, "info": {"point": [stamp, 100.0 + place + minute]}} for place, key in enumerate(QUOTES)]


def push(server: RunningServer, queues: list[str], minutes: range) -> None:
    queue = ServiceMessageQueue.connect(server.redis_url, queues=queues)
    for minute in minutes:
        queue.put("quote", "test", prices(minute))
    queue.close()


def closes(tab: Visitor, key: str) -> list[float]:
    """Return the closes of a quote's minutes, as a chart gets them."""
    exchange, item = key.split(":")
    request = {"type": "quote", "chart_id": key, "exchange": exchange, "item": item, "period": "1m"}
    data = tab.ask("mycharts", {**request, "update": "static"})
    return [row[1] for row in data["chart"]["series"][0]["data"]]


def wait_for(tab: Visitor, minutes: int) -> None:
    for place, key in enumerate(QUOTES):
        expected = [100.0 + place + minute for minute in range(minutes)]
        until(lambda key=key, expected=expected: closes(tab, key) == expected, f"{minutes} minutes of {key}")


def command(server: RunningServer, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--redis-url", server.redis_url], env={"COLUMNS": "200"})


def server_of(redis_url: str, directory: Path, port: int, queues: list[str]) -> RunningServer:
    return RunningServer(redis_url, directory, port, "--no-demo-quotes", "--queues", ",".join(queues))


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    with server_of(redis_url, tmp_path, unused_port(), TWO) as server:
        yield server


def test_charts_of_all_queues_are_told_and_more_queues_lose_no_history(server: RunningServer, tmp_path: Path) -> None:
    assert {queue_of(key, TWO) for key in QUOTES} == set(TWO)
    session = log_in(server)
    push(server, TWO, range(MINUTES - 1))
    with Visitor(server, session) as tab:
        wait_for(tab, MINUTES - 1)
    refused = command(server, "queues", "move", "--queues", ",".join(FOUR))
    assert refused.exit_code == 1
    assert "a server runs still" in refused.output
    server.stop()

    moved = command(server, "queues", "move", "--queues", ",".join(FOUR))
    assert moved.exit_code == 0, moved.output
    count = sum(queue_of(key, FOUR) != queue_of(key, TWO) for key in QUOTES)
    assert count
    assert f"moved {count} quote" in moved.output
    listed = command(server, "queues", "list", "--queues", ",".join(FOUR)).output.splitlines()
    assert [line.split()[-1] for line in listed] == ["MISPLACED", "0", "0", "0", "0"]

    with server_of(server.redis_url, tmp_path, server.port, FOUR) as wider, Visitor(wider, session) as tab:
        wait_for(tab, MINUTES - 1)
        push(wider, FOUR, range(MINUTES - 1, MINUTES))
        wait_for(tab, MINUTES)


def test_a_quote_on_the_wrong_queue_is_a_dead_letter_that_names_the_right_one(server: RunningServer) -> None:
    right = queue_of(QUOTES[0], TWO)
    [wrong] = set(TWO) - {right}
    with redis.Redis.from_url(server.redis_url, decode_responses=True) as client:
        message = {"type": "quote", "src": "careless", "data": prices(0)[:1]}
        client.rpush(wrong, json.dumps(message))
        until(lambda: client.xlen(f"{{{wrong}}}:dead"), "the dead letter")
    letters = command(server, "dead", "list", "--queues", ",".join(TWO), "--of", wrong).output
    assert "bad_data" in letters
    letter_id = letters.split()[0]
    page = command(server, "dead", "show", letter_id, "--queues", ",".join(TWO), "--of", wrong).output
    assert f'quote "{QUOTES[0]}" belongs on {right}' in page
    assert "--of must be one of" in command(server, "dead", "list", "--queues", ",".join(TWO)).output


def test_messages_to_users_go_by_the_first_queue_and_each_queue_has_its_own_figures(server: RunningServer) -> None:
    with Visitor(server, log_in(server)) as tab:
        queue = ServiceMessageQueue.connect(server.redis_url, queues=TWO)
        data = {"user_id": "*", "type": "notice", "data": {"text": "hello"}}
        queue.put("pushuser", "test", data)
        queue.close()
        assert tab.receive("notice")["text"] == "hello"
    pushed = command(server, "push", "quote", json.dumps(prices(0)), "--queues", ",".join(TWO))
    assert pushed.exit_code == 0, pushed.output

    def ticks() -> dict[str, float]:
        lines = metrics_of(server).splitlines()
        found = (line.split() for line in lines if line.startswith("rtserver_ticks_total{"))
        return {label.partition('queue="')[2].partition('"')[0]: float(number) for label, number in found}

    until(lambda: sum(ticks().values()) == len(QUOTES), "all prices are taken")
    assert set(ticks()) == set(TWO)
    assert all(ticks().values())


def metrics_of(server: RunningServer) -> str:
    """Return the page of /metrics."""
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        return str(answer.read().decode())

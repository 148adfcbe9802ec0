"""A quote of many minutes, read page by page and as one picture, on a socket that stays open."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.visitor import Visitor, log_in
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.until import until

MINUTES = 20_000
MESSAGE_MINUTES = 10_000
MINUTE_MS = 60_000
BEGIN_MS = 1_700_000_040_000
"""Begin of a minute."""
PAGE_BYTES = 131_072
QUOTE = {"type": "quote", "chart_id": "c", "exchange": "NYSE", "item": "IBM", "period": "1m"}


def bar(number: int) -> dict[str, Any]:
    """One minute of the quote, as a producer sends it."""
    open_, close = 100 + number % 7, 100 + (number + 1) % 7
    point = [BEGIN_MS + number * MINUTE_MS, open_, close, min(open_, close), max(open_, close), 1 + number % 3]
    return {"quote": "NYSE:IBM", "info": {"point": point}}


@pytest.fixture(scope="module")
def long_quote(server: RunningServer) -> None:
    """The server when it has all minutes."""
    with ServiceQueue(server.redis_url) as queue:
        for first in range(0, MINUTES, MESSAGE_MINUTES):
            queue.push("quote", [bar(number) for number in range(first, first + MESSAGE_MINUTES)])
        queue.wait_until_taken()
    with Visitor(server, log_in(server)) as tab:
        until(lambda: tab.ask("mycharts", {**QUOTE, "update": "static"})["seq"] == MINUTES, "every bar is there")


@pytest.fixture
def tab(server: RunningServer, long_quote: None) -> Iterator[Visitor]:
    """A tab of the user demo."""
    with Visitor(server, log_in(server)) as tab:
        yield tab


def receive(tab: Visitor) -> tuple[int, dict[str, Any]]:
    """The length of the next message, and its data."""
    text = tab.receive_text()
    return len(text), json.loads(text)["data"]


def test_the_whole_history_comes_in_pages_that_the_system_takes_at_once(tab: Visitor) -> None:
    tab.send(json.dumps({"type": "mycharts", "data": {**QUOTE, "update": "dynamic", "count": 2_500}}))
    size, data = receive(tab)
    sizes, labels = [size], data["chart"]["xAxis"]["data"]
    while data["older"]:
        more = {"type": "more", "chart_id": "c", "before": labels[0], "count": 2_500}
        tab.send(json.dumps({"type": "mycharts", "data": more}))
        size, data = receive(tab)
        sizes.append(size)
        labels = data["chart"]["xAxis"]["data"] + labels
    assert labels == [BEGIN_MS + number * MINUTE_MS for number in range(MINUTES)]
    assert max(sizes) <= PAGE_BYTES
    assert tab.ask("ping", "still here") == "pong"

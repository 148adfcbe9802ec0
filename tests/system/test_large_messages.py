"""Messages that are large, or bring much at once: they cost nobody their connection."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.service_queue import ServiceQueue
from tests.system.conftest import Connect
from tests.until import PATIENCE_SECONDS
from tests.websocket_client import WebSocketClient

USER_ID = 1
TOO_LARGE = 2_100_000  # below service_message_bytes, above outbox_hard_bytes
QUOTE = {"exchange": "X", "item": "LARGE", "date": "20260105"}
MONDAY_MS = 1_767_571_200_000


def notice(data: Any) -> bytes:
    message = {"type": "pushuser", "src": "t", "data": {"user_id": USER_ID, "type": "n", "data": data}}
    return json.dumps(message).encode()


def read_until(client: WebSocketClient, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first message that is it. A close frame is none, and fails the test."""
    while not is_it(message := json.loads(client.recv_text())):
        pass
    return message


def resume(client: WebSocketClient, offset: str | None) -> list[Any]:
    """Return the messages that are sent to a page that was away, up to the end of the replay."""
    client.send_text(json.dumps({"type": "resume", "data": {"offset": offset}}))
    found: list[dict[str, Any]] = []
    read_until(client, lambda message: found.append(message) or message["type"] in ("resumed", "resume_lost"))
    assert found[-1]["type"] == "resumed"
    return [message["data"] for message in found if "offset" in message]


@pytest.fixture
def open_page(connect: Connect) -> WebSocketClient:
    return connect()


def test_a_push_that_no_client_could_take_is_buried_and_the_one_behind_it_comes_to_all_pages(
    queue: ServiceQueue, open_page: WebSocketClient, connect: Connect
) -> None:
    before = read_until(open_page, lambda message: message["type"] == "userinfo")["data"]["offset"]
    poison = notice("x" * TOO_LARGE)
    queue.push_raw(poison, notice("behind it"))

    read_until(open_page, lambda message: message["type"] == "n" and message["data"] == "behind it")
    letter = queue.dead_letter(poison)
    assert letter[b"reason"] == b"bad_data"
    assert b"outbox_hard_bytes" in letter[b"detail"]
    new_page, page_that_comes_back = connect(), connect()
    assert "behind it" in resume(new_page, None)
    assert resume(page_that_comes_back, before)[-1] == "behind it"
    for page in (open_page, new_page, page_that_comes_back):
        page.send_text('{"type":"ping"}')
        read_until(page, lambda message: message["type"] == "ping")


def test_twenty_thousand_ticks_in_one_message_close_nobody_who_watches(queue: ServiceQueue, connect: Connect) -> None:
    pages = [connect() for _ in range(3)]
    for page, period in zip(pages, (0, 60, 0), strict=True):
        data = {
            "type": "quote",
            "chart_id": "c",
            "update": "dynamic",
            "period": period,
            "shape": "ohlc" if period else "line",
            "indicators": ["macd", "boll:20:2"],
            **QUOTE,
        }
        page.send_text(json.dumps({"type": "mycharts", "id": "c", "data": data}))
        read_until(page, lambda message: message.get("id") == "c")
        page.socket.settimeout(PATIENCE_SECONDS)  # seconds of work for the server: more where others work, too
    points = ([MONDAY_MS + 500 * number, 430 + number % 97 / 100] for number in range(20_000))
    queue.push("quote", [{"quote": ":".join(QUOTE.values()), "info": {"point": point}} for point in points])

    for page in pages:
        longest = 0
        while True:
            text = page.recv_text()
            message = json.loads(text)
            if message["type"] == "mycharts":
                longest = max(longest, len(text))
                if message["data"]["seq"] == 20_000:
                    break
        assert 0 < longest <= 65_536


@pytest.mark.parametrize(("count", "readers"), [(25, 3), (150, 1)])
def test_many_large_notices_in_one_push_close_nobody_who_reads(
    queue: ServiceQueue, connect: Connect, count: int, readers: int
) -> None:
    pages = [connect() for _ in range(readers)]
    queue.push_raw(*(notice([number, "x" * 100_000]) for number in range(count)))
    for page in pages:
        for number in range(count):
            message = read_until(page, lambda message: message["type"] == "n" and isinstance(message["data"], list))
            assert message["data"][0] == number

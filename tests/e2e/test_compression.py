"""A real Chromium on a server that compresses: it offers permessage-deflate by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.conftest import unused_port
from tests.e2e.test_browser import NINE_THIRTY_MS, QUOTE, push, push_price
from tests.running_server import RunningServer

ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    """A server that compresses."""
    with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes", "--compression", "deflate") as server:
        yield server


def test_a_chart_is_drawn_and_followed_over_a_compressed_socket(page: Page, server: RunningServer) -> None:
    handshakes: list[dict[str, str]] = []
    network = page.context.new_cdp_session(page)
    network.on(
        "Network.webSocketHandshakeResponseReceived", lambda event: handshakes.append(event["response"]["headers"])
    )
    network.send("Network.enable")
    ticks = [(NINE_THIRTY_MS + 60_000 * minute, 430.0 + minute % 7) for minute in range(300)]
    push(server.redis_url, "quote", [{"quote": QUOTE, "info": {"point": tick}} for tick in ticks])
    page.reload()
    page.wait_for_function("() => window.__rtc?.charts.get('main')?.series[0]?.points().length === 300")
    push_price(server.redis_url, NINE_THIRTY_MS + 60_000 * 300, 444.5)
    page.wait_for_function("() => window.__rtc.charts.get('main').series[0]?.points().at(-1)?.[2] === 444.5")
    prices = page.evaluate("() => window.__rtc.charts.get('main').series[0].points().map(point => point[2])")
    assert prices == [price for _, price in ticks] + [444.5]
    assert [headers["Sec-WebSocket-Extensions"] for headers in handshakes] == [ANSWER]

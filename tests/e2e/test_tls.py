"""A real Chromium on a server that speaks TLS: pages, cookies and the socket."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import unused_port
from tests.e2e.conftest import log_in, new_context
from tests.e2e.test_browser import NINE_THIRTY_MS, push_price
from tests.running_server import RunningServer


@pytest.fixture
def server(redis_url: str, tmp_path: Path, certificate: Path) -> Iterator[RunningServer]:
    """A server with the certificate of all tests."""
    options = ("--no-demo-quotes", "--tls-cert", str(certificate), "--tls-key", str(certificate))
    trust = ssl.create_default_context(cafile=str(certificate))
    with RunningServer(redis_url, tmp_path, unused_port(), *options, tls=trust) as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """Logged in, in a browser that does not ask who has signed the certificate."""
    context = new_context(browser, base_url=server.url, ignore_https_errors=True)
    page = context.new_page()
    log_in(page)
    yield page
    context.close()


def test_a_chart_is_followed_over_a_secure_socket_by_a_page_whose_cookies_stay_on_it(
    page: Page, server: RunningServer
) -> None:
    sockets: list[str] = []
    complaints: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.reload()
    page.wait_for_function("globalThis.__rtc?.client.state === 'open'")
    assert sockets == [f"wss://127.0.0.1:{server.port}/rt/"]
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    page.wait_for_function("() => document.querySelector('#main-frame').dataset.state === 'live'")
    push_price(server.redis_url, NINE_THIRTY_MS + 60_000, 444.5)
    page.wait_for_function("() => window.__rtc.charts.get('main').series[0]?.points().at(-1)?.[2] === 444.5")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    for name in ("sessionid", "csrftoken"):
        assert (cookies[name]["secure"], cookies[name]["httpOnly"], cookies[name]["sameSite"]) == (True, True, "Lax")
    assert complaints == []
    # The logout's form is sent and believed: its origin is the page's.
    page.locator("#logout-form button").click()
    page.wait_for_url("**/accounts/login/**")

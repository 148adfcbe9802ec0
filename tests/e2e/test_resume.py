"""Pushed messages in a real Chromium, over a restart of the server and a reload of the page."""

import signal

from playwright.sync_api import Page, expect

from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue

COLLECT = """() => {
  window.__got = [];
  window.__rtc.client.on("n", (data) => window.__got.push(data));
}"""
HAS_GOT = "count => window.__got.length >= count"
USER_ID = 1


def push(server: RunningServer, *numbers: int) -> None:
    with ServiceQueue(server.redis_url) as queue:
        for number in numbers:
            queue.push("pushuser", {"user_id": USER_ID, "type": "n", "data": number})


def push_notice(server: RunningServer, text: str) -> None:
    with ServiceQueue(server.redis_url) as queue:
        queue.push("pushuser", {"user_id": USER_ID, "type": "notice", "data": {"text": text}})


def test_a_page_gets_everything_once_and_in_order_while_its_server_is_killed_and_restarted(
    page: Page, server: RunningServer
) -> None:
    page.evaluate(COLLECT)
    push(server, *range(300))
    page.wait_for_function(HAS_GOT, arg=1)
    server.stop(signal.SIGKILL)
    push(server, *range(300, 500))
    server.start()
    push(server, *range(500, 600))
    page.wait_for_function(HAS_GOT, arg=600)
    assert page.evaluate("() => window.__got") == list(range(600))


def test_a_notice_that_comes_while_no_page_is_there_waits_and_is_shown(page: Page, server: RunningServer) -> None:
    toasts = page.locator("#toasts")
    push_notice(server, "your order is packed")
    expect(toasts).to_contain_text("your order is packed")
    page.goto("about:blank")
    push_notice(server, "your order has left")
    page.goto("/")
    expect(toasts).to_contain_text("your order has left")
    expect(toasts).not_to_contain_text("your order is packed")

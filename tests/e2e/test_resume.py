"""Pushed messages in a real Chromium, over a restart of the server and a reload of the page."""

import signal
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.conftest import unused_port
from tests.e2e.conftest import log_in, new_context
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.system.test_empty_redis import begin_anew, set_clock_back

COLLECT = """() => {
  window.__got = [];
  window.__lost = [];
  window.__rtc.client.on("resume_lost", ({reason}) => window.__lost.push(reason));
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


def test_a_redis_that_comes_back_empty_hides_nothing_from_a_page_that_is_there_nor_from_one_that_comes_back(
    browser: Browser, tmp_path: Path
) -> None:
    """Its clock is two minutes behind what it was, so that all new offsets would be smaller than the page's."""
    with (
        RedisProcess(tmp_path, "--appendonly", "no") as process,
        RunningServer(process.url, tmp_path / "var", unused_port(), "--no-demo-quotes") as server,
    ):
        context = new_context(browser, base_url=server.url)
        page = context.new_page()
        log_in(page)
        page.evaluate(COLLECT)
        set_clock_back(process.url, 120_000)
        push(server, 1)
        page.wait_for_function(HAS_GOT, arg=1)
        begin_anew(process)
        page.wait_for_function("window.__lost.includes('missed')")
        push(server, 2)
        page.wait_for_function(HAS_GOT, arg=2)
        server.stop(signal.SIGKILL)
        begin_anew(process)
        server.start()
        context.clear_cookies()
        log_in_again(page)
        push(server, 3)
        page.wait_for_function(HAS_GOT, arg=3)
        assert page.evaluate("window.__got") == [1, 2, 3]
        assert page.evaluate("window.__lost") == ["missed", "unknown"]
        context.close()


def log_in_again(page: Page) -> None:
    """Have the page's browser signed in anew, and the page connect with that; it is not loaded anew."""
    other = page.context.new_page()
    log_in(other)
    other.close()
    page.evaluate("window.__rtc.client.connect()")

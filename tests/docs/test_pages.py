"""The README's pages in a real browser, served from the site's own host."""

import shlex
from collections.abc import Iterator

import pytest
import redis
from playwright.sync_api import Browser, Page

from tests.docs.document import README, blocks, shell_lines
from tests.e2e.conftest import log_in, new_context
from tests.running_server import RunningServer

WATCH_WELCOME = """
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", () => { window.__welcomed = true; }, { once: true });
  }
};
"""


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page of the server's own host whose visitor is logged in; what it shows is the test's."""
    context = new_context(browser, base_url=server.url, bypass_csp=True)  # a page of one's own has its own policy
    page = context.new_page()
    log_in(page)
    page.add_init_script(WATCH_WELCOME)
    yield page
    context.close()


def show(page: Page, html: str) -> None:
    """Open an example as a page of the site, and return when the server has said its first word to it."""
    page.goto("/healthz")  # of the right host
    page.set_content(f"<!doctype html>{html}")
    page.wait_for_function("() => window.__welcomed")


def test_the_page_of_the_readme_draws_its_chart(page: Page, queue: redis.Redis) -> None:
    show(page, blocks(README, "html")[0])
    item = '{"quote":"SHFE:cu1512:20151120","info":{"point":[1448010000000,35120]}}'
    queue.rpush("queue:rtserver", f'{{"type":"quote","src":"test","data":[{item}]}}')
    page.wait_for_function(
        "() => echarts.getInstanceByDom(document.getElementById('chart'))?.getOption()"
        "?.series?.some(({ data }) => data?.includes(35120))"
    )


@pytest.mark.parametrize("number", [0, 1], ids=["modules", "bundle"])
def test_the_pages_of_the_readme_show_a_notice(page: Page, queue: redis.Redis, number: int) -> None:
    show(page, blocks(README, "html")[number])
    with page.expect_event("dialog") as dialog:
        queue.rpush("queue:rtserver", shlex.split(shell_lines("redis-cli -u")[1])[-1])
    assert dialog.value.message == "hello"
    dialog.value.dismiss()

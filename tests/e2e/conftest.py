"""A browser and a server, both real."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import unused_port
from tests.running_server import RunningServer
from tests.shared_browser import SHARED_BROWSER

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser(pytestconfig: pytest.Config) -> Browser:
    """Debian's Chromium, headless, the same for all tests with a browser that follow one another."""
    return pytestconfig.stash[SHARED_BROWSER].get()


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    """A server without the demo's quotes: every price on the page is one that the test pushed."""
    with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes") as server:
        yield server


@pytest.fixture(scope="module")
def shared_server(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The same for all tests of a module whose quotes do not meet: a start takes longer than most of them."""
    directory = tmp_path_factory.mktemp("server")
    with RunningServer(module_redis_url, directory, unused_port(), "--no-demo-quotes") as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page of a browser that has never been here, logged in as demo, showing the charts."""
    context = new_context(browser, base_url=server.url, viewport={"width": 1360, "height": 900})
    page = context.new_page()
    log_in(page)
    yield page
    context.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a context without cookies, whose pages wait for long enough on a busy machine."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context


def settle(page: Page, function: str, argument: object = None) -> Any:
    """Call an asynchronous function in the page and return what it comes to.

    Unlike ``page.evaluate`` this waits no longer than the page's patience.
    """
    promise = f"async (argument) => [await ({function})(argument)]"
    return page.wait_for_function(promise, arg=argument).json_value()[0]


def log_in(page: Page, name: str = "demo") -> None:
    """From the login page to a live page of charts."""
    page.goto("/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", name)
    page.press("input[name=password]", "Enter")
    page.wait_for_function("globalThis.__rtc?.client.state === 'open'")

"""The tutorial's page in a real browser, served from a checkout."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.docs.tce.workshop import Workshop
from tests.e2e.conftest import new_context

TCP, WEBSOCKET = "16005", "16006"


class QuietHandler(SimpleHTTPRequestHandler):
    """Files, without a line for each."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def url(workshop: Workshop) -> Iterator[str]:
    """The address at which the workshop's checkout is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(workshop.root))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own."""
    context = new_context(browser)
    page = context.new_page()
    yield page
    context.close()


def test_the_page_reads_is_told_and_comes_back(workshop: Workshop, url: str, page: Page) -> None:
    log = page.locator("#log li")
    with workshop.serving("python stock_server.py", TCP, WEBSOCKET):
        page.goto(f"{url}/docs/tce/examples/page.html")
        expect(log.filter(has_text="nail, bigint 4006381333931")).to_have_count(1)
        expect(log.filter(has_text="300 x nail, 0 x hammer")).to_have_count(1)
        expect(log.filter(has_text="ann is watching")).to_have_count(1)
        expect(page.locator("#state")).to_have_text("open")
        workshop.run("python stock_client.py")
        expect(log.filter(has_text="12 x screw")).to_have_count(1)
    expect(page.locator("#state")).to_have_text("waiting")
    with workshop.serving("python stock_server.py", TCP, WEBSOCKET):
        expect(log.filter(has_text="ann is watching")).to_have_count(2, timeout=20_000)
        workshop.run("python stock_client.py")
        expect(log.filter(has_text="12 x screw")).to_have_count(2)

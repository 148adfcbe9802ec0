"""The tutorial's page in a real browser, served from a checkout."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.docs.tce.served import served
from tests.docs.tce.workshop import Workshop

TCP, WEBSOCKET = "16005", "16006"


@pytest.fixture
def url(workshop: Workshop) -> Iterator[str]:
    """The address at which the workshop's checkout is served."""
    with served(workshop.root) as url:
        yield url


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

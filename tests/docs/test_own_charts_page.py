"""Charts of one's own in a real browser: the pie of a module and the depth of a market of docs/extending.md."""

import json
from collections.abc import Iterator

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from tests.docs.document import EXTENDING, blocks
from tests.e2e.conftest import log_in, new_context
from tests.running_server import RunningServer


def script(view: str) -> str:
    """Return the document's module with a view."""
    [found] = [text for text in blocks(EXTENDING, "js") if f"class {view} extends View" in text]
    return found


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page of the user demo with a place for each chart."""
    context = new_context(browser, base_url=server.url, bypass_csp=True)
    page = context.new_page()
    log_in(page, "demo")
    page.evaluate("""() => {
      for (const id of ["orders", "depth"]) {
        const place = document.createElement("div");
        place.id = id;
        place.style.height = "200px";
        document.querySelector("main").prepend(place);
      }
    }""")
    yield page
    context.close()


def colours(page: Page) -> int:
    """Return how many colours the pie's canvas has."""
    count: int = page.evaluate("""() => {
      const canvas = document.querySelector("#orders canvas");
      const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(image.data.buffer)).size;
    }""")
    return count


def test_a_module_draws_a_pie_which_follows_the_orders_of_its_user(page: Page) -> None:
    page.add_script_tag(content=script("Pie"), type="module")
    order = 'state => globalThis.__rtc.client.send("orders", { op: "order", state })'
    for state in ("open", "filled", "filled"):
        page.evaluate(order, state)
    expect(page.locator("#orders")).to_have_attribute("aria-label", "Orders: 1 open, 2 filled")
    assert colours(page) > 2


def test_a_view_without_echarts_shows_each_book_of_a_topic(page: Page, queue: redis.Redis) -> None:
    page.add_script_tag(content=script("Depth"), type="module")
    for volume in (9, 4):
        book = {"quote": "SHFE:cu1512", "bids": [[35110, volume]], "asks": [[35120, 2], [35130, 7]]}
        queue.rpush("queue:rtserver", json.dumps({"type": "depth", "src": "feed-1", "data": book}))
        expect(page.locator("#depth > div")).to_have_text(["7 at 35130", "2 at 35120", f"{volume} at 35110"])

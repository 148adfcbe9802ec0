"""The library in documents and workers that have no address of their own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import log_in, new_context
from tests.e2e.test_browser import NINE_THIRTY_MS, push_price
from tests.running_server import RunningServer

# Tells the page at __user who the server says it is; `report` differs from document to document.
CLIENT = """
import { RTClient } from "%(site)s/static/js/rtc/index.js";
const client = new RTClient();
client.on("userinfo", ({ user }) => { %(report)s; });
"""
FRAME = """([script, attribute]) => {
  const frame = document.createElement("iframe");
  if (attribute !== null) frame.setAttribute("srcdoc", "<p>a document</p>");
  const run = () => {
    const element = frame.contentDocument.createElement("script");
    element.type = "module";
    element.textContent = script;
    frame.contentDocument.body.append(element);
  };
  if (attribute === null) { document.body.append(frame); run(); }
  else { frame.onload = run; document.body.append(frame); }
  return frame.contentWindow.location.protocol;
}"""
WORKER = """script => {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(address, { type: "module" });
  worker.onmessage = ({ data }) => { window.__user = data; };
}"""
OLD_PAGE = """
Object.freeze(Error.prototype);
Array.prototype.toJSON = function () { return "[" + Array.from(this, (each) => JSON.stringify(each)).join() + "]"; };
"""


@pytest.fixture
def server(shared_server: RunningServer) -> RunningServer:
    """The shared server: the messages of one test disturb no other."""
    return shared_server


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page of the server's own host whose visitor is logged in; the documents in it are the test's."""
    context = new_context(browser, base_url=server.url, bypass_csp=True)  # a page of one's own has its own policy
    page = context.new_page()
    log_in(page)
    page.goto("/healthz")
    page.set_content("<!doctype html><body></body>")
    yield page
    context.close()


@pytest.mark.parametrize("attribute", ["srcdoc", None], ids=["srcdoc", "about:blank"])
def test_a_frame_without_an_address_connects_to_the_pages_host(page: Page, attribute: str | None) -> None:
    script = CLIENT % {"site": "", "report": "parent.__user = user.name"}
    assert page.evaluate(FRAME, [script, attribute]) == "about:"
    page.wait_for_function("() => window.__user === 'demo'")


def test_a_worker_made_of_a_blob_connects_to_the_pages_host(page: Page, server: RunningServer) -> None:
    page.evaluate(WORKER, CLIENT % {"site": server.url, "report": "postMessage(user.name)"})
    page.wait_for_function("() => window.__user === 'demo'")


def test_a_page_with_frozen_errors_and_an_old_frameworks_json_goes_live(page: Page, server: RunningServer) -> None:
    page.add_init_script(OLD_PAGE)
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    page.goto("/")
    page.wait_for_function("() => document.querySelector('#main-frame').dataset.state === 'live'")
    asked = page.evaluate("() => window.__rtc.charts.get('main').request.indicators")
    assert asked
    assert page.evaluate("() => window.__rtc.charts.get('main').series.length") > len(asked)

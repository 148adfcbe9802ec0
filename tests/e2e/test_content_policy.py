"""The library under a site's Content-Security-Policy: the README's is enough, and less is told."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import unused_port
from tests.docs.document import README, blocks
from tests.e2e.conftest import log_in, new_context
from tests.e2e.shop import Shop
from tests.e2e.test_browser import NINE_THIRTY_MS, push_price
from tests.running_server import RunningServer

HTML = """<!doctype html><title>shop</title><link rel="icon" href="data:,"><div id="chart"></div>
<script src="/page.js"></script>
<script src="/static/vendor/echarts/echarts.min.js"></script><script src="/static/js/rtc/rtc.bundle.js"></script>"""
SCRIPT = """
window.violations = [];
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) => {
  violations.push([effectiveDirective, blockedURI, sample]);
});
window.show = (url) => {
  document.getElementById("chart").style.height = "400px";
  window.client = new rtc.RTClient({ url });
  client.on("closed", (end) => { window.end = end; });
  const quote = { exchange: "DEMO", item: "AAPL", date: "20130301", period: 60, shape: "ohlc" };
  window.chart = new rtc.MyCharts(client).request({ chart_id: "a", element: "chart", ...quote });
};
"""
SANDBOXED = """url => `<script src="/static/js/rtc/rtc.bundle.js"></script><script>
new rtc.RTClient({ url: "${url}" }).on("closed", (end) => parent.postMessage(end, "*"));
</script>`"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop(unused_port()) as shop:
        yield shop


@pytest.fixture(scope="module")
def server(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[RunningServer]:
    options = ("--no-demo-quotes", "--allowed-origins", shop.url)
    with RunningServer(module_redis_url, tmp_path_factory.mktemp("server"), unused_port(), *options) as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: RunningServer, shop: Shop) -> Iterator[Page]:
    """A page whose visitor is logged in at the server's host, which is the shop's as well."""
    shop.html, shop.script, shop.policy = HTML, SCRIPT, ""
    context = new_context(browser, base_url=server.url)
    page = context.new_page()
    log_in(page)
    yield page
    context.close()


def socket_of(server: RunningServer) -> str:
    return f"ws://127.0.0.1:{server.port}/rt/"


def readme_policy(server: RunningServer) -> str:
    """The README's, with this server in the place of its shop's, and what the test itself needs to evaluate."""
    policy = next(block for block in blocks(README, "") if block.startswith("Content-Security-Policy: "))
    policy = policy.strip().removeprefix("Content-Security-Policy: ")
    policy = policy.replace("wss://shop.example.com", socket_of(server))
    return policy.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'") + "; img-src data:"


def show_chart_with_tooltip(page: Page, shop: Shop, server: RunningServer) -> None:
    for minute in range(5):
        push_price(server.redis_url, NINE_THIRTY_MS + minute * 60_000, 430.0 + minute)
    page.goto(shop.url)
    page.evaluate("url => show(url)", socket_of(server))
    page.wait_for_function("() => chart.series.length > 0 && document.querySelector('canvas') !== null")
    page.wait_for_function("""() => {
      const { left, top, width } = document.getElementById("chart").getBoundingClientRect();
      const at = { clientX: left + width / 2, clientY: top + 100, bubbles: true };
      document.querySelector("canvas").dispatchEvent(new MouseEvent("mousemove", at));
      return /O 43\\d/.test(document.getElementById("chart").textContent);
    }""")


def test_the_policy_of_the_readme_is_enough_for_a_chart_and_its_tooltip(
    page: Page, shop: Shop, server: RunningServer
) -> None:
    shop.policy = readme_policy(server)
    show_chart_with_tooltip(page, shop, server)
    assert page.evaluate("violations") == []


def test_trusted_types_with_the_policy_of_the_readme_are_no_obstacle(
    page: Page, shop: Shop, server: RunningServer
) -> None:
    shop.policy = f"{readme_policy(server)}; require-trusted-types-for 'script'"
    shop.script = next(block for block in blocks(README, "js") if "trustedTypes" in block) + SCRIPT
    # What a test evaluates is text, too; a page that evaluates none does not need this.
    shop.script = re.sub(r"createHTML:", "createScript: (text) => text, createHTML:", shop.script)
    show_chart_with_tooltip(page, shop, server)
    assert page.evaluate("violations") == []


def test_a_client_that_the_pages_own_policy_forbids_ends_with_the_reason(
    page: Page, shop: Shop, server: RunningServer
) -> None:
    shop.policy = readme_policy(server).replace(socket_of(server), "")
    page.goto(shop.url)
    page.evaluate("url => show(url)", socket_of(server))
    page.wait_for_function("() => window.end !== undefined")
    reason = f"the page's Content-Security-Policy needs connect-src ws://127.0.0.1:{server.port}"
    assert page.evaluate("end") == {"code": 1008, "reason": reason}


def test_a_sandboxed_frame_ends_with_the_reason(page: Page, shop: Shop, server: RunningServer) -> None:
    page.goto(shop.url)
    page.evaluate(
        """html => {
      window.addEventListener("message", ({ data }) => { window.end = data; });
      const frame = document.createElement("iframe");
      frame.sandbox = "allow-scripts";
      frame.srcdoc = html;
      document.body.append(frame);
    }""",
        page.evaluate(SANDBOXED, socket_of(server)),
    )
    page.wait_for_function("() => window.end !== undefined")
    assert page.evaluate("end") == {"code": 1008, "reason": "pages of this origin may not connect"}

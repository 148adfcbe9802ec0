"""A real Chromium beside a server that stands still, or a network that is away for a while."""

import signal
import time

from playwright.sync_api import Page, expect

from tests.e2e.conftest import settle
from tests.e2e.test_browser import NINE_THIRTY_MS, push_price
from tests.running_server import RunningServer

KNOWS_SECONDS = 10.0
SLACK_SECONDS = 5.0
"""Time for this test's own question to the page, and for a busy machine."""
SOON_MS = 10_000
"""Far less than half a minute, which a page would wait that did not notice."""

# A client of the page's library that waits half a minute after its first loss, and then by the rules.
PATIENT = """async () => {
  const { RTClient } = await import("/static/js/rtc/index.js");
  const draws = [60];
  window.patient = new RTClient({ random: () => draws.shift() ?? 0.5 });
}"""


def test_a_page_says_within_ten_seconds_that_its_server_stands_still_and_is_live_again_with_it(
    page: Page, server: RunningServer
) -> None:
    expect(page.locator("#connection-text")).to_have_text("Live")
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    expect(page.locator('.quote-card[data-item="AAPL"] [data-role="price"]')).to_have_text("430")
    page.wait_for_function("__rtc.charts.get('main').series[0]?.points().length === 1")
    server.signal(signal.SIGSTOP)
    frozen = time.monotonic()
    try:
        page.wait_for_function("globalThis.__rtc.client.state === 'silent'")
        assert time.monotonic() - frozen < KNOWS_SECONDS + SLACK_SECONDS
        expect(page.locator("#connection-text")).to_have_text("No answer")
        # One quote has a price that cannot have changed on this page; the others have none to be old.
        expect(page.locator(".quote-age", has_text="s ago")).to_have_count(1)
        assert page.evaluate("__rtc.charts.get('main').age.isStale")
    finally:
        server.signal(signal.SIGCONT)
    expect(page.locator("#connection-text")).to_have_text("Live", timeout=SOON_MS)
    push_price(server.redis_url, NINE_THIRTY_MS + 60_000, 431.0)
    expect(page.locator(".quote-age", has_text="s ago")).to_have_count(0)


def test_a_page_that_waits_long_for_its_next_attempt_is_back_soon_after_the_network_is(
    page: Page, server: RunningServer
) -> None:
    settle(page, PATIENT)
    page.wait_for_function("patient.state === 'open'")
    page.context.set_offline(True)
    server.stop(signal.SIGKILL)  # a server that goes down in peace says when to come back
    page.wait_for_function("patient.state === 'waiting'")
    server.start()
    page.context.set_offline(False)
    page.wait_for_function("patient.state === 'open'", timeout=SOON_MS)

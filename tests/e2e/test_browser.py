"""The whole way, from RPUSH to the pixels of a real Chromium."""

import json
import urllib.request
from typing import Any

import redis
from playwright.sync_api import Page, expect

from rtserver.bootstrap.config.config import Config
from tcelib.limit.token_bucket import BURST_SECONDS
from tests.demo_site import run_lines
from tests.e2e.conftest import log_in, settle
from tests.running_server import RunningServer
from tests.until import until

QUOTE = "DEMO:AAPL:20130301"
NINE_THIRTY_MS = 1_362_148_200_000

# Collects every dynamic message of every chart from now on in window.__seen.
COLLECT = """() => {
  window.__seen = [];
  window.__rtc.client.on("mycharts", (data) => { if (data.update === "dynamic") window.__seen.push(data); });
}"""
HAS_SEEN = "price => window.__seen.some(data => data.chart.series.some(entry => entry.slice(2).includes(price)))"


def push(url: str, type: str, data: Any) -> None:  # noqa: A002 (the protocol's word)
    """Push a message as a backend does."""
    with redis.Redis.from_url(url) as client:
        client.rpush("queue:rtserver", json.dumps({"type": type, "src": "test", "data": data}))


def push_price(url: str, time_ms: int, price: float) -> None:
    """One tick of the quote that the page opens with."""
    push(url, "quote", [{"quote": QUOTE, "info": {"point": [time_ms, price]}}])


def test_a_pushed_price_arrives_in_the_series_of_the_open_chart(page: Page, server: RunningServer) -> None:
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    page.wait_for_function("() => document.querySelector('#main-frame').dataset.state === 'live'")
    push_price(server.redis_url, NINE_THIRTY_MS + 60_000, 431.25)
    page.wait_for_function("() => window.__rtc.charts.get('main').series[0]?.points().at(-1)?.[1] === 431.25")
    points = page.evaluate("() => window.__rtc.charts.get('main').series[0].points()")
    assert points[-1][1:] == [431.25, 431.25, 431.25, 431.25]
    expect(page.locator('.quote-card[data-item="AAPL"] [data-role="price"]')).to_have_text("431.25")


def test_many_users_behind_one_address_can_load_their_pages_at_once(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_function("globalThis.__rtc?.client.state === 'open'")
    assert 50 * len(asked) <= BURST_SECONDS * Config().requests_per_ip


def test_the_chart_is_drawn_on_its_canvas(page: Page, server: RunningServer) -> None:
    for minute in range(30):
        push_price(server.redis_url, NINE_THIRTY_MS + 60_000 * minute, 430.0 + minute % 7)
    page.wait_for_function("() => window.__rtc.charts.get('main').series[0]?.points().length === 30")
    # Some pixels of the canvas have the colours of candles: more than the one colour of an empty one.
    colours = """() => {
      const canvas = document.querySelector('#main-frame canvas');
      if (!canvas) return 0;
      const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(image.data.buffer)).size;
    }"""
    page.wait_for_function(f"() => ({colours})() > 20")


def test_a_notice_to_everyone_shows_on_every_open_page(page: Page, server: RunningServer) -> None:
    other = page.context.new_page()
    other.goto("/notices/")
    other.wait_for_function("globalThis.__rtc?.client.state === 'open'")
    push(server.redis_url, "pushuser", {"user_id": "*", "type": "notice", "data": {"text": "hello"}})
    expect(page.locator(".toast-text")).to_have_text("hello")
    expect(other.locator(".notice-text")).to_have_text("hello")


def test_a_page_reconnects_after_a_restart_and_its_charts_go_on(page: Page, server: RunningServer) -> None:
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    page.wait_for_function("() => document.querySelector('#main-frame').dataset.state === 'live'")
    assert server.stop() == 0
    page.wait_for_function("globalThis.__rtc.client.state === 'waiting'")
    server.start()
    page.wait_for_function("globalThis.__rtc.client.state === 'open'")
    push_price(server.redis_url, NINE_THIRTY_MS + 60_000, 444.5)
    # It comes as an update, or in the new picture when that is asked for later. What came before the restart is there
    # too: the history was replayed from the bus.
    opens = "window.__rtc.charts.get('main').series[0]?.points().map((point) => point[1])"
    page.wait_for_function(f"() => JSON.stringify({opens}) === '[430,444.5]'")


def test_a_chart_that_missed_something_gets_a_fresh_picture_and_goes_on(page: Page, server: RunningServer) -> None:
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    page.wait_for_function("() => document.querySelector('#main-frame').dataset.state === 'live'")
    # As if one message had been skipped: the next one does not follow what the chart has.
    page.evaluate("""() => {
      window.__pictures = [];
      window.__rtc.client.on("mycharts", (data) => {
        if (data.update === "static" && data.chart_id === "main") window.__pictures.push(data.chart_id);
      });
      window.__rtc.charts.get("main").seq -= 1;
    }""")
    push_price(server.redis_url, NINE_THIRTY_MS + 60_000, 431.5)
    page.wait_for_function("() => window.__pictures.length === 1")
    push_price(server.redis_url, NINE_THIRTY_MS + 120_000, 432.5)
    page.wait_for_function("() => window.__rtc.charts.get('main').series[0]?.points().length === 3")
    assert page.evaluate("() => [window.__pictures, window.__rtc.charts.get('main').hasGap]") == [["main"], False]


# Puts the page out of sight, as far as its scripts can tell, or back.
BECOME = """state => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def metric(url: str, name: str) -> float:
    """Return the value of a gauge without labels."""
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        [line] = [line for line in answer.read().decode().splitlines() if line.startswith(f"{name} ")]
    return float(line.rpartition(" ")[2])


def test_a_hidden_page_gets_no_charts_and_one_picture_each_when_it_is_seen_again(
    page: Page, server: RunningServer
) -> None:
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    page.wait_for_function("() => document.querySelector('#main-frame').dataset.state === 'live'")
    charts = 2 * page.locator(".quote-card").count()  # each quote has its numbers and a drawing
    until(lambda: metric(server.url, "rtserver_subscriptions") == charts)
    page.evaluate(BECOME, "hidden")
    until(lambda: metric(server.url, "rtserver_subscriptions") == 0)
    settle(page, "() => window.__rtc.client.request('ping')")  # what was on its way has come
    page.evaluate("""() => {
      window.__pictures = [];
      window.__rtc.client.on("mycharts", (data) => {
        if (data.update === "static") window.__pictures.push(data.chart_id);
      });
    }""")
    page.evaluate(COLLECT)
    push_price(server.redis_url, NINE_THIRTY_MS + 60_000, 431.5)
    until(lambda: metric(server.url, "rtserver_ticks_total") == 2)
    page.evaluate(BECOME, "visible")
    page.wait_for_function("count => window.__pictures.length === count", arg=charts)
    push_price(server.redis_url, NINE_THIRTY_MS + 120_000, 432.5)
    page.wait_for_function(HAS_SEEN, arg=432.5)
    assert not page.evaluate(HAS_SEEN, 431.5)
    closes = page.evaluate("() => window.__rtc.charts.get('main').series[0].points().map((point) => point[2])")
    assert closes == [430, 431.5, 432.5]
    assert page.evaluate("() => new Set(window.__pictures).size === window.__pictures.length")


def test_logging_out_in_one_tab_is_told_to_the_other(page: Page) -> None:
    other = page.context.new_page()
    other.goto("/")
    other.wait_for_function("globalThis.__rtc?.client.state === 'open'")
    other.locator("#logout-form button").click()
    expect(page.locator("#banner-title")).to_have_text("You have been signed out")
    assert page.evaluate("globalThis.__rtc.client.state") == "closed"


# The site gives a session another key, as it does after a change of the own password.
CYCLE = """
from importlib import import_module
from django.conf import settings
session = import_module(settings.SESSION_ENGINE).SessionStore({key!r})
session.cycle_key()
session.save()
print(session.session_key)
"""


def cycle_key(server: RunningServer, session_key: str) -> str:
    """The session's new key, made by the demo site in a process of its own."""
    return run_lines(server.directory, server.redis_url, CYCLE.format(key=session_key)).split()[-1]


def test_all_tabs_of_a_session_that_got_a_new_key_come_back(page: Page, server: RunningServer) -> None:
    other = page.context.new_page()
    other.goto("/notices/")
    tabs = (page, other)
    for tab in tabs:
        tab.wait_for_function("globalThis.__rtc?.client.userinfo")
        tab.evaluate("""() => {
          window.__ends = [];
          window.__rtc.client.on("close", ({ code }) => window.__ends.push(code));
        }""")
    [cookie] = [each for each in page.context.cookies() if each["name"] == "sessionid"]
    page.context.add_cookies([{**cookie, "value": cycle_key(server, cookie["value"])}])
    push(server.redis_url, "django_site", {"op": "recheck", "user_id": "*"})
    for tab in tabs:
        tab.wait_for_function("window.__ends.length === 1 && globalThis.__rtc.client.userinfo")
        assert tab.evaluate("window.__ends") == [4009]
        expect(tab.locator("#banner")).to_be_hidden()
    push(server.redis_url, "pushuser", {"user_id": "*", "type": "notice", "data": {"text": "still there"}})
    expect(page.locator(".toast-text")).to_have_text("still there")


def test_after_a_logout_one_can_log_in_again(page: Page) -> None:
    page.locator("#logout-form button").click()
    page.wait_for_selector("input[name=username]")
    log_in(page)


def test_the_pages_run_without_an_error_in_the_console(page: Page, server: RunningServer) -> None:
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.reload()
    page.wait_for_function("globalThis.__rtc?.client.state === 'open'")
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    for shape in ("line", "bar", "scatter", "ohlc"):
        page.check(f"input[name=shape][value={shape}]")
        page.wait_for_function("() => document.querySelector('#main-frame').dataset.state === 'live'")
    page.goto("/notices/")
    page.wait_for_function("globalThis.__rtc?.client.state === 'open'")
    assert complaints == []

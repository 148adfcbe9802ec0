"""A chart as its reader sees it: prices, days, the place that was zoomed into; with a finger, and after a reload."""

from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.conftest import log_in, new_context
from tests.e2e.test_browser import NINE_THIRTY_MS, push
from tests.running_server import RunningServer

# Asks for a chart in a place of its own.
SHOW = """([item, period]) => {
  const place = document.getElementById("place") ?? document.createElement("div");
  place.id = "place";
  place.style.cssText = "position: fixed; inset: 0 0 auto 0; height: 400px; z-index: 9";
  document.body.append(place);
  const request = { chart_id: "own", exchange: "X", item, date: "20260105", period, shape: "ohlc", element: place };
  window.__rtc.charts.request(request);
}"""
# Of the first panel's axis of prices, or of the lowest panel's axis of times: the others have no labels.
LABELS = """(name) => echarts.getInstanceByDom(document.getElementById("place")).getModel()
  .queryComponents({ mainType: name }).map(({ axis }) => axis.getViewLabels().map((label) => label.formattedLabel))
  .find((labels) => labels.length > 0)"""
# Shows a tooltip and gives its text. A chart that is drawn anew hides it: ask again.
TIP = """index => {
  const chart = echarts.getInstanceByDom(document.getElementById("place"));
  chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: index });
  return [...document.querySelectorAll("#place > div")].map((each) => each.innerText).find((text) => text);
}"""
SEEN = """() => {
  const main = document.getElementById("main-chart");
  const { startValue, endValue } = echarts.getInstanceByDom(main).getOption().dataZoom[0];
  const labels = window.__rtc.charts.get("main").labels();
  return [labels[startValue], labels[endValue]];
}"""
ZOOM = """([start, end]) => echarts.getInstanceByDom(document.getElementById("main-chart"))
  .dispatchAction({ type: "dataZoom", dataZoomId: "slider", start, end })"""
# Whether the chart has so many labels, and all of them are drawn.
IS_DRAWN = """([chart, element, count]) => window.__rtc.charts.get(chart).labels().length === count
  && echarts.getInstanceByDom(document.getElementById(element))?.getOption()?.xAxis?.[0].data.length === count"""


@pytest.fixture
def server(shared_server: RunningServer) -> RunningServer:
    """Each test has a quote of its own: of the page's three, those that need the page's large chart."""
    return shared_server


def show_large(page: Page, item: str) -> None:
    """Choose a quote for the page's large chart."""
    page.locator(f".quote-card[data-item={item}]").click()
    expect(page.locator("#main-title")).to_have_text(item)


def show(page: Page, item: str, period: int, count: int) -> None:
    """Show a chart in the test's own place, and return when it has so many labels."""
    page.evaluate(SHOW, [item, period])
    wait_drawn(page, "own", "place", count)


def wait_drawn(page: Page, chart: str, element: str, count: int) -> None:
    """Wait until so many labels of a chart are drawn."""
    page.wait_for_function(IS_DRAWN, arg=[chart, element, count])


def tip(page: Page, index: int) -> str:
    """Return the text of a point's tooltip in the test's own place."""
    return str(page.wait_for_function(TIP, arg=index).json_value())


PRICES = {
    "PEPE": ([0.00001234, 0.00001235, 0.0000124], "0.00001235"),
    "OIL": ([-37.63, -36.13, -34.63], "-36.13"),
    "BTC": ([67_120, 67_120.5, 67_130], "67,120.5"),
}


def push_points(server: RunningServer, quote: str, points: list[list[Any]], volume: float | None = None) -> None:
    """Points of one quote, in one message."""
    info = {} if volume is None else {"volume": volume}
    push(server.redis_url, "quote", [{"quote": quote, "info": {"point": point, **info}} for point in points])


def test_neighbouring_prices_are_told_apart_on_axis_and_tooltip_and_there_is_no_panel_without_volume(
    page: Page, server: RunningServer
) -> None:
    for item, (prices, text) in PRICES.items():
        points = [[NINE_THIRTY_MS + 60_000 * index, price] for index, price in enumerate(prices)]
        push_points(server, f"X:{item}:20260105", points)
        show(page, item, 60, len(points))
        labels = page.evaluate(LABELS, "yAxis")
        assert len(set(labels)) == len(labels) > 1
        assert text in tip(page, 1)
        option = "echarts.getInstanceByDom(document.getElementById('place')).getOption()"
        assert page.evaluate(f"[{option}.grid.length, {option}.series.length]") == [1, 1]


def test_a_quote_may_say_its_decimals(page: Page, server: RunningServer) -> None:
    said = [{"quote": "X:SAID:20260105", "info": {"point": [NINE_THIRTY_MS, 430], "decimals": 3}}]
    push(server.redis_url, "quote", said)
    show(page, "SAID", 60, 1)
    assert "430.000" in tip(page, 0)


# Each with three days around a change of its clocks.
ZONES = {
    "Pacific/Auckland": ["2026-04-04", "2026-04-05", "2026-04-06"],
    "America/New_York": ["2026-03-07", "2026-03-08", "2026-03-09"],
    "Asia/Tokyo": ["2026-01-05", "2026-01-06", "2026-01-07"],
}


def test_a_bar_of_a_day_has_the_date_of_the_market_in_every_time_zone(page: Page, server: RunningServer) -> None:
    devtools = page.context.new_cdp_session(page)
    for number, (zone, days) in enumerate(ZONES.items()):
        devtools.send("Emulation.setTimezoneOverride", {"timezoneId": zone})
        moments = page.evaluate("days => days.map(day => Date.parse(day + 'T14:30Z'))", days)
        push_points(server, f"X:D{number}:20260105", [[moment, 10 + moment % 7] for moment in moments], 5)
        show(page, f"D{number}", 86_400, len(days))
        assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == zone
        assert page.evaluate(LABELS, "xAxis") == days
        assert tip(page, 1).split("\n")[0] == days[1]
        page.evaluate("window.__rtc.charts.unlisten('own')")


def test_a_zoomed_place_stays_while_points_come_and_after_a_restart(page: Page, server: RunningServer) -> None:
    def push_minutes(first: int, last: int) -> None:
        points = [[NINE_THIRTY_MS + 60_000 * minute, 430 + minute % 7] for minute in range(first, last)]
        push_points(server, "DEMO:AAPL:20130301", points)

    push_minutes(0, 300)
    wait_drawn(page, "main", "main-chart", 300)
    page.evaluate(ZOOM, [20, 30])
    place = page.evaluate(SEEN)
    assert place == [NINE_THIRTY_MS + 60_000 * 60, NINE_THIRTY_MS + 60_000 * 90]
    push_minutes(300, 500)
    wait_drawn(page, "main", "main-chart", 500)
    assert page.evaluate(SEEN) == place
    assert server.stop() == 0
    page.wait_for_function("globalThis.__rtc.client.state === 'waiting'")
    server.start()
    push_minutes(500, 600)
    wait_drawn(page, "main", "main-chart", 600)
    assert page.evaluate(SEEN) == place


def swipe(devtools: CDPSession, x: float, y: float, right: float, down: float) -> None:
    """A finger that touches the screen and moves in ten steps."""
    for step in range(10):
        point = {"x": x + step * right, "y": y + step * down}
        kind = "touchMove" if step else "touchStart"
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_on_a_phone_a_finger_scrolls_the_page_over_a_chart_and_moves_the_chart_sideways(
    browser: Browser, server: RunningServer
) -> None:
    points = [[NINE_THIRTY_MS + 60_000 * minute, 430 + minute % 7] for minute in range(300)]
    push_points(server, "DEMO:IBM:20130301", points)
    screen = {"width": 390, "height": 844}
    context = new_context(browser, base_url=server.url, viewport=screen, has_touch=True, is_mobile=True)
    try:
        page = context.new_page()
        log_in(page)
        show_large(page, "IBM")
        page.locator("#main-chart").scroll_into_view_if_needed()  # a chart that nobody sees is not drawn
        wait_drawn(page, "main", "main-chart", 300)
        for label in page.locator(".segments label").all():
            box = label.bounding_box()
            assert box is not None
            assert box["height"] >= 44
        page.locator("#main-chart").scroll_into_view_if_needed()
        box = page.locator("#main-chart").bounding_box()
        assert box is not None
        x, y = box["x"] + 150, box["y"] + 200
        devtools = context.new_cdp_session(page)
        before, seen = page.evaluate("scrollY"), page.evaluate(SEEN)
        swipe(devtools, x, y, 0, -15)
        page.wait_for_function("before => scrollY > before + 100", arg=before)
        assert page.evaluate(SEEN) == seen
        swipe(devtools, x, y - (page.evaluate("scrollY") - before), 15, 0)
        page.wait_for_function(f"seen => ({SEEN})()[0] < seen[0]", arg=seen)
    finally:
        context.close()


NO_STORAGE = """Object.defineProperty(window, "sessionStorage", {
  get() { throw new DOMException("refused", "SecurityError"); } })"""


@pytest.mark.parametrize("refused", [False, True], ids=["kept", "refused"])
def test_choices_survive_a_reload_and_a_browser_that_keeps_nothing(page: Page, *, refused: bool) -> None:
    if refused:
        page.add_init_script(NO_STORAGE)
        page.reload()
        page.wait_for_function("globalThis.__rtc?.charts?.get('main')")
    shape = page.locator("input[name=shape]:checked")
    show_large(page, "IBM")
    page.check("input[name=period][value='0']", force=True)
    expect(shape).to_have_value("line")
    page.reload()
    page.wait_for_function("globalThis.__rtc?.client.state === 'open' && globalThis.__rtc.charts?.get('main')")
    expect(page.locator("#main-title")).to_have_text("AAPL" if refused else "IBM")
    expect(shape).to_have_value("ohlc" if refused else "line")
    page.check("input[name=period][value='300']", force=True)
    expect(shape).to_have_value("ohlc")


def test_a_chart_says_its_numbers_in_words(page: Page, server: RunningServer) -> None:
    name = "document.querySelector('#main-chart').ariaLabel"
    show_large(page, "MSFT")
    assert page.evaluate(name) == "MSFT, Candles · 1 minute: no data yet"
    expect(page.locator("#main-frame .chart-message")).to_have_text(
        "No data yet. The chart starts with the first price."
    )
    push_points(server, "DEMO:MSFT:20130301", [[NINE_THIRTY_MS, 430.0], [NINE_THIRTY_MS + 60_000, 431.25]])
    words = "last price 431.25, change +1.25 (+0.29 %), between 430.00 and 431.25 since 2013-03-01"
    page.wait_for_function(f"words => {name}.includes(words)", arg=words)
    expect(page.get_by_role("img", name=words)).to_be_visible()

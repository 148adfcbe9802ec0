"""A reader who drags to the left, and a list of quotes of which a part is seen: in Chromium, with a real server."""

import json
import re
from collections.abc import Iterator

import pytest
import redis
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settle
from tests.e2e.test_browser import metric
from tests.running_server import RunningServer
from tests.until import until

DAY_MS = 86_400_000
FIRST_MS = 946_684_800_000  # 2000-01-01T00:00Z
MINUTE_MS = 60_000


@pytest.fixture
def server(shared_server: RunningServer) -> RunningServer:
    """Each test has quotes of its own."""
    return shared_server


@pytest.fixture
def queue(server: RunningServer) -> Iterator[redis.Redis]:
    """The server's Redis, as a producer sees it."""
    with redis.Redis.from_url(server.redis_url) as client:
        yield client


def push_minutes(queue: redis.Redis, quote: str, first: int, count: int) -> None:
    """Push a tick for each minute, numbered from the first on, whose price is its number."""
    minutes = range(first, first + count)
    items = [{"quote": quote, "info": {"point": [FIRST_MS + MINUTE_MS * minute, minute]}} for minute in minutes]
    for start in range(0, count, 500):
        queue.rpush(
            "queue:rtserver", json.dumps({"type": "quote", "src": "test", "data": items[start : start + 500]})
        )


SHOW = """async (request) => {
  const { MyCharts } = await import("/static/js/rtc/index.js");
  const place = Object.assign(document.createElement("div"), { id: "paged" });
  Object.assign(place.style, { width: "900px", height: "400px" });
  document.querySelector("main").prepend(place);
  const charts = (globalThis.__paged = new MyCharts(globalThis.__rtc.client));
  charts.request({ chart_id: "paged", exchange: "OLD", period: "1m", shape: "ohlc", element: place, ...request });
}"""
CHART = "globalThis.__paged.get('paged')"
LENGTH = f"({CHART}?.labels().length ?? 0)"
CLOSES = f"({CHART}.series[0]?.points() ?? []).map((row) => row[2])"
DRAWN = "globalThis.echarts.getInstanceByDom(document.getElementById('paged'))"
# The numbers of the minutes at the ends of what is seen.
WINDOW = f"""() => {{
  const [{{ startValue, endValue }}] = {DRAWN}.getOption().dataZoom;
  const [first] = {CHART}.labels();
  return [startValue, endValue].map((place) => place + (first - {FIRST_MS}) / {MINUTE_MS});
}}"""


def drag(page: Page, dx: int) -> None:
    """Drag the chart by so many pixels, in steps as a hand does."""
    box = page.locator("#paged").bounding_box()
    assert box is not None
    x, y = box["x"] + 450 - dx / 2, box["y"] + 120
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y, steps=12)
    page.mouse.up()


def test_a_reader_who_drags_to_the_left_end_gets_what_is_before_it_and_goes_on_seeing_his_place(
    page: Page, queue: redis.Redis
) -> None:
    push_minutes(queue, "OLD:A", 0, 2000)
    until(lambda: queue.llen("queue:rtserver") == 0)
    settle(page, SHOW, {"item": "A", "count": 300})
    page.wait_for_function(f"{LENGTH} === 300")
    drag(page, 700)
    page.wait_for_function(f"{LENGTH} === 800")
    assert page.evaluate(CLOSES) == list(range(1200, 2000))
    # The newest 160 bars were to be seen, then those near the 300th: the page is drawn without moving them.
    page.wait_for_function(f"() => {DRAWN}.getOption().xAxis[0].data.length === 800")
    seen = page.evaluate(WINDOW)
    assert 1700 <= seen[0] <= 1750
    assert seen[1] - seen[0] == 159
    push_minutes(queue, "OLD:A", 2000, 3)
    page.wait_for_function(f"{CLOSES}.at(-1) === 2002")
    assert page.evaluate(WINDOW) == seen


def test_the_first_point_of_all_has_nothing_before_it_and_the_chart_says_so(page: Page, queue: redis.Redis) -> None:
    push_minutes(queue, "OLD:B", 0, 400)
    until(lambda: queue.llen("queue:rtserver") == 0)
    settle(page, SHOW, {"item": "B", "count": 300})
    page.wait_for_function(f"{LENGTH} === 300")
    assert settle(page, f"() => {CHART}.loadOlder()") == 100
    assert page.evaluate(f"{CHART}.older.hasMore") is False
    assert settle(page, f"() => {CHART}.loadOlder()") == 0
    for _ in range(6):
        drag(page, 700)
    expect(page.locator("#paged")).to_contain_text("Nothing older")
    expect(page.locator("#paged")).to_have_attribute("aria-label", re.compile("last price 399"))


def test_after_a_lost_connection_the_older_points_are_still_there(page: Page, queue: redis.Redis) -> None:
    push_minutes(queue, "OLD:C", 0, 1000)
    until(lambda: queue.llen("queue:rtserver") == 0)
    settle(page, SHOW, {"item": "C", "count": 300})
    page.wait_for_function(f"{LENGTH} === 300")
    assert settle(page, f"() => {CHART}.loadOlder(200)") == 200
    page.evaluate("globalThis.__rtc.client.close(); globalThis.__rtc.client.connect()")
    push_minutes(queue, "OLD:C", 1000, 2)
    page.wait_for_function(f"{CLOSES}.at(-1) === 1001")
    assert page.evaluate(CLOSES) == list(range(500, 1002))


def test_a_picture_of_the_past_that_does_not_go_on_has_older_points_as_well(page: Page, queue: redis.Redis) -> None:
    push_minutes(queue, "OLD:E", 0, 1000)
    until(lambda: queue.llen("queue:rtserver") == 0)
    settle(page, SHOW, {"item": "E", "update": "static", "to": FIRST_MS + 900 * MINUTE_MS, "count": 100})
    page.wait_for_function(f"{LENGTH} === 100")
    assert settle(page, f"() => {CHART}.loadOlder(150)") == 150
    assert page.evaluate(CLOSES) == list(range(650, 900))


def test_times_of_day_have_older_points_as_well(page: Page, queue: redis.Redis) -> None:
    minutes = [f"{9 + minute // 60:02}:{minute % 60:02}:00" for minute in range(300)]
    items = [{"quote": "OLD:F:20260105", "info": {"point": [label, n]}} for n, label in enumerate(minutes)]
    queue.rpush("queue:rtserver", json.dumps({"type": "quote", "src": "test", "data": items}))
    until(lambda: queue.llen("queue:rtserver") == 0)
    settle(page, SHOW, {"item": "F", "date": "20260105", "count": 100})
    page.wait_for_function(f"{LENGTH} === 100")
    assert settle(page, f"() => {CHART}.loadOlder(150)") == 150
    assert page.evaluate(f"{CHART}.labels()") == minutes[50:]


def test_a_late_tick_goes_into_its_own_bar_on_the_page(page: Page, queue: redis.Redis) -> None:
    push_minutes(queue, "OLD:D", 0, 10)
    until(lambda: queue.llen("queue:rtserver") == 0)
    settle(page, SHOW, {"item": "D"})
    page.wait_for_function(f"{LENGTH} === 10")
    late = {"quote": "OLD:D", "info": {"point": [FIRST_MS + 9 * MINUTE_MS - 30_000, 77]}}
    queue.rpush("queue:rtserver", json.dumps({"type": "quote", "src": "test", "data": [late]}))
    page.wait_for_function(f"{CLOSES}.includes(77)")
    assert page.evaluate(CLOSES) == [0, 1, 2, 3, 4, 5, 6, 7, 77, 9]


FOLLOW_FIELDS = """(quote) => {
  const heard = (globalThis.__fields = []);
  const listener = { onSnapshot: ({ fields }) => heard.push(fields), onFields: (fields) => heard.push(fields) };
  globalThis.__rtc.client.subscribe("quotes", { quote, period: "1m" }, listener);
}"""


def test_a_page_that_follows_the_rows_of_a_quote_is_told_bid_and_ask(page: Page, queue: redis.Redis) -> None:
    def push(second: int, **fields: float) -> None:
        item = {"quote": "OLD:G", "info": {"point": [FIRST_MS + 1000 * second, 5], **fields}}
        queue.rpush("queue:rtserver", json.dumps({"type": "quote", "src": "test", "data": [item]}))

    push(0, bid=4)
    until(lambda: queue.llen("queue:rtserver") == 0)
    page.evaluate(FOLLOW_FIELDS, "OLD:G")
    page.wait_for_function("globalThis.__fields.length === 1")
    push(1, bid=4.5, ask=6)
    page.wait_for_function("globalThis.__fields.length === 2")
    assert page.evaluate("globalThis.__fields") == [{"bid": 4}, {"bid": 4.5, "ask": 6}]


FIVE_HUNDRED_ROWS = """async () => {
  const { MyCharts } = await import("/static/js/rtc/index.js");
  const list = Object.assign(document.createElement("div"), { id: "list" });
  Object.assign(list.style, { height: "400px", overflowY: "scroll" });
  document.querySelector("main").prepend(list);
  const charts = (globalThis.__listed = new MyCharts(globalThis.__rtc.client, { onScreenOnly: true, lingerMs: 300 }));
  for (let number = 0; number < 500; number += 1) {
    const row = document.createElement("div");
    row.style.height = "40px";
    list.append(row);
    charts.request({ chart_id: `row-${number}`, exchange: "OLD", item: `R${number}`, count: 1, watch: row });
  }
}"""
SCROLL = "(top) => (document.getElementById('list').scrollTop = top)"


def test_of_a_list_of_five_hundred_quotes_those_are_subscribed_to_that_are_seen(
    page: Page, server: RunningServer
) -> None:
    page.evaluate("for (const id of ['main', 'quote-AAPL']) globalThis.__rtc.charts.unlisten(id)")
    page.evaluate("globalThis.__rtc.charts.dispose()")
    until(lambda: metric(server.url, "rtserver_subscriptions") == 0)
    settle(page, FIVE_HUNDRED_ROWS)
    # Ten rows are seen; those within a hundred pixels may be asked for as well.
    until(lambda: 10 <= metric(server.url, "rtserver_subscriptions") <= 16)
    for top in range(0, 15_000, 500):
        page.evaluate(SCROLL, top)  # by without a stop
    page.evaluate(SCROLL, 16_000)
    has_last = "() => globalThis.__listed.get('row-405').hasData"
    page.wait_for_function(has_last)
    until(lambda: 10 <= metric(server.url, "rtserver_subscriptions") <= 16)

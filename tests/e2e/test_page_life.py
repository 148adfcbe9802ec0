"""Pages that stay open: what is given up is freed, what nobody sees is not drawn, and what is shown is not kept."""

import json

import pytest
from playwright.sync_api import CDPSession, Page

from tests.e2e.conftest import settle
from tests.e2e.test_browser import NINE_THIRTY_MS, push_price
from tests.running_server import RunningServer
from tests.until import until


@pytest.fixture
def server(shared_server: RunningServer) -> RunningServer:
    """Only one of the tests counts the points of a quote, and it has one of its own."""
    return shared_server


REQUEST = "{ exchange: 'DEMO', item: 'AAPL', date: '20130301' }"


def collect(cdp: CDPSession) -> None:
    """Have everything freed that nobody can reach."""
    for _ in range(3):
        cdp.send("HeapProfiler.collectGarbage")


def count_objects(cdp: CDPSession, name: str) -> int:
    """Count the objects of a name in the page, those of the browser itself included. Takes a second or more."""
    chunks: list[str] = []
    cdp.on("HeapProfiler.addHeapSnapshotChunk", lambda event: chunks.append(event["chunk"]))
    cdp.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    snapshot = json.loads("".join(chunks))
    fields = snapshot["snapshot"]["meta"]["node_fields"]
    names: list[int] = snapshot["nodes"][fields.index("name") :: len(fields)]
    strings: list[str] = snapshot["strings"]
    return names.count(strings.index(name)) if name in strings else 0


def are_freed(page: Page, cdp: CDPSession) -> bool:
    """Tell if nothing is left of the objects that the page has made."""
    collect(cdp)
    return bool(page.evaluate("() => globalThis.__made.every((each) => each.deref() === undefined)"))


MAKE_TWENTY = f"""async (end) => {{
  const {{ MyCharts, RTClient }} = await import("/static/js/rtc/index.js");
  globalThis.__made ??= [];
  for (let number = 0; number < 20; number += 1) {{
    const client = new RTClient();
    const charts = new MyCharts(client);
    const place = end === "dispose" && {{ element: "main-chart" }};
    const chart = charts.request({{ ...{REQUEST}, chart_id: "c", ...place }});
    client[end]();
    globalThis.__made.push(...[client, charts, chart].map((each) => new WeakRef(each)));
  }}
}}"""


def test_clients_that_are_closed_and_charts_that_are_disposed_of_are_freed(page: Page) -> None:
    page.evaluate("globalThis.__rtc.charts.unlisten('main')")
    cdp = page.context.new_cdp_session(page)
    settle(page, MAKE_TWENTY, "dispose")  # what is made once has been made
    collect(cdp)
    listeners = cdp.send("Memory.getDOMCounters")["jsEventListeners"]
    for end in ("close", "dispose"):
        settle(page, MAKE_TWENTY, end)
    # A socket that was given up before it was open lives until its handshake has failed.
    until(lambda: are_freed(page, cdp))
    # Each of the forty would have left one at least; the page itself may have added some of its own.
    assert cdp.send("Memory.getDOMCounters")["jsEventListeners"] < listeners + 20


FAR_BELOW = f"""async () => {{
  const {{ MyCharts }} = await import("/static/js/rtc/index.js");
  const place = Object.assign(document.createElement("div"), {{ id: "below" }});
  Object.assign(place.style, {{ height: "300px", marginTop: "5000px" }});
  document.body.append(place);
  globalThis.__below = new MyCharts(globalThis.__rtc.client);
  const chart = __below.request({{ ...{REQUEST}, chart_id: "below", element: place, whileHidden: "keep" }});
  // The chart's own observer was made before this one, and is told before it.
  await new Promise((resolve) => new IntersectionObserver(resolve).observe(place));
  await new Promise((resolve) => (chart.series.length > 0 ? resolve() : chart.on("render", resolve)));
}}"""
# How many numbers of its first series a chart shows; 0 before it is drawn.
DRAWN = "echarts.getInstanceByDom(document.getElementById('{}')).getOption()?.series?.[0]?.data.length ?? 0"
MAIN, BELOW = DRAWN.format("main-chart"), DRAWN.format("below")
CANDLE, POINT = 5, 2


def test_a_chart_out_of_sight_is_drawn_when_it_is_scrolled_to(page: Page, server: RunningServer) -> None:
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    page.wait_for_function("() => document.querySelector('#main-frame').dataset.state === 'live'")
    settle(page, FAR_BELOW)
    push_price(server.redis_url, NINE_THIRTY_MS + 60_000, 431.0)
    page.wait_for_function("() => globalThis.__below.get('below').series[0]?.points().length === 2")
    push_price(server.redis_url, NINE_THIRTY_MS + 120_000, 432.0)
    page.wait_for_function("() => globalThis.__below.get('below').series[0]?.points().length === 3")
    # One that was never drawn would have had its turn before this one.
    page.wait_for_function(f"() => ({MAIN}) === {3 * CANDLE}")
    # It may have been drawn once, before the browser said that it is out of sight.
    assert page.evaluate(BELOW) < 3 * POINT
    page.evaluate("document.getElementById('below').scrollIntoView()")
    page.wait_for_function(f"() => ({BELOW}) === {3 * POINT}")


TEXTS = 3_000
# Measures as ECharts does for each label.
MEASURE = f"""() => {{
  for (let number = 0; number < {TEXTS}; number += 1) echarts.format.getTextRect(`price ${{number}}`);
}}"""
MEASURE_ON_ONE_CANVAS = f"""() => {{
  globalThis.__context = document.createElement("canvas").getContext("2d");
  for (let number = 0; number < {TEXTS}; number += 1) globalThis.__context.measureText(`text ${{number}}`);
}}"""
KEPT_TEXT = "blink::PlainTextNode"


def test_texts_that_a_chart_has_measured_are_not_kept(page: Page, server: RunningServer) -> None:
    push_price(server.redis_url, NINE_THIRTY_MS, 430.0)
    page.wait_for_function("() => document.querySelector('#main-frame').dataset.state === 'live'")
    cdp = page.context.new_cdp_session(page)
    page.evaluate(MEASURE)
    page.evaluate(MEASURE_ON_ONE_CANVAS)
    collect(cdp)
    kept = count_objects(cdp, KEPT_TEXT)
    assert kept >= TEXTS, "this Chromium keeps no texts, or calls them otherwise"
    assert kept < 1.5 * TEXTS  # those of the one canvas, and few of the chart's

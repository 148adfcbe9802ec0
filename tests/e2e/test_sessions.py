"""A market with a night session that is closed now, in a real Chromium on a phone's screen."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import log_in, new_context
from tests.e2e.test_browser import QUOTE, push
from tests.running_server import RunningServer, unused_port

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = """[exchanges.DEMO]
zone = "Asia/Shanghai"
night = ["21:00-02:30"]
sessions = ["09:00-15:00"]
holidays = {}
"""
LABELS = """() => {
  const chart = globalThis.__rtc.charts.get("main");
  return chart.labels().map(chart.labelFormat().axis);
}"""


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    """A server whose exchange has holidays around the present day."""
    today = datetime.now(ZONE).date()
    holidays = ", ".join(str(today + timedelta(days)) for days in range(-3, 4))
    file = tmp_path / "rtserver.toml"
    file.write_text(CALENDAR.format(f"[{holidays}]"))
    options = ("--no-demo-quotes", "--config", str(file))
    with RunningServer(redis_url, tmp_path, unused_port(), *options) as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """The page of charts on a phone."""
    screen = {"width": 390, "height": 844}
    context = new_context(browser, base_url=server.url, viewport=screen, is_mobile=True)
    page = context.new_page()
    log_in(page)
    yield page
    context.close()


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def show_past(page: Page, server: RunningServer, points: list[dict[str, object]]) -> None:
    """Push points, and have the page show them in a picture, which has their trading days: live ones are of today."""
    are_there = f"globalThis.__rtc.charts.get('main')?.labels().length === {len(points)}"
    push(server.redis_url, "quote", points)
    page.wait_for_function(are_there)
    page.reload()
    page.wait_for_function(are_there)


def test_a_night_stands_under_its_trading_day_and_a_closed_market_says_so(page: Page, server: RunningServer) -> None:
    # The last minutes of a Friday, and its evening, which belongs to Monday.
    times = [at("2026-03-06 14:50") + minute * 60_000 for minute in range(10)]
    times += [at("2026-03-06 21:00") + minute * 60_000 for minute in range(30)]
    points = [{"quote": QUOTE, "info": {"point": [time, 430 + place % 7]}} for place, time in enumerate(times)]
    show_past(page, server, points)
    labels = page.evaluate(LABELS)
    assert [labels[0], labels[9], labels[10]] == ["03-06 14:50", "03-06 14:59", "03-09 21:00"]
    card = page.locator('.quote-card[data-item="AAPL"]')
    expect(card.locator('[data-role="age"]')).to_have_text("closed")
    assert "is-stale" not in (card.get_attribute("class") or "")
    # Neither covers the other.
    boxes = [card.locator(part).bounding_box() for part in (".quote-item", ".quote-age", ".quote-change")]
    item, age, change = [box for box in boxes if box is not None]
    assert item["x"] + item["width"] <= age["x"]
    assert age["y"] + age["height"] <= change["y"]


def test_the_box_beside_the_pointer_fits_on_the_screen(page: Page, server: RunningServer) -> None:
    evening = at("2026-03-06 21:00")
    points = [{"quote": QUOTE, "info": {"point": [evening + minute * 60_000, 430]}} for minute in range(30)]
    show_past(page, server, points)
    frame = page.locator("#main-frame .chart")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    assert box is not None
    heading = page.get_by_text("(trading day 2026-03-09)", exact=False).last
    tooltip = frame.locator("div", has=page.get_by_text("trading day")).last
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
    expect(heading).to_be_visible()
    shown = tooltip.bounding_box()
    assert shown is not None
    assert 0 <= shown["x"] <= shown["x"] + shown["width"] <= 390

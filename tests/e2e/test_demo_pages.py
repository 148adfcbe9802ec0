"""The demo's pages of history and of many quotes, in a real Chromium."""

import json
import subprocess
from collections.abc import Iterator

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import log_in, new_context
from tests.e2e.test_browser import metric
from tests.e2e.test_older_points import DAY_MS, FIRST_MS
from tests.e2e.test_reading_charts import SEEN, ZOOM, wait_drawn
from tests.running_server import RunningServer
from tests.until import until


@pytest.fixture
def server(shared_server: RunningServer) -> RunningServer:
    """Each test has quotes of its own."""
    return shared_server


@pytest.fixture
def days(server: RunningServer) -> Iterator[int]:
    """Years of daily bars of the share that the page begins with; their number."""
    count = 2500
    bars = [[FIRST_MS + DAY_MS * day, day, day + 1, day - 1, day + 2, 100] for day in range(count)]
    with redis.Redis.from_url(server.redis_url) as queue:
        for start in range(0, count, 500):
            items = [{"quote": "DEMO:AAPL", "info": {"point": bar}} for bar in bars[start : start + 500]]
            queue.rpush("queue:rtserver", json.dumps({"type": "quote", "src": "test", "data": items}))
        until(lambda: metric(server.url, "rtserver_ticks_total") >= count)
        yield count


def choose(page: Page, name: str, value: str) -> None:
    """Choose one of the controls of the large chart."""
    page.check(f"input[name={name}][value='{value}']", force=True)


LENGTH = "globalThis.__rtc.charts.get('main').labels().length"


def test_years_of_days_are_there_at_once_and_older_ones_by_a_button_that_a_keyboard_reaches(
    page: Page, days: int
) -> None:
    choose(page, "period", "1d")
    page.wait_for_function(f"{LENGTH} >= 300")
    expect(page.locator("#main-day")).to_have_text("All trading days")
    older, status = page.locator("#older-button"), page.locator("#older-status")
    expect(status).to_contain_text("for more")
    for _ in range(days // 100):
        before = page.evaluate(LENGTH)
        older.press("Enter")
        page.wait_for_function(f"{LENGTH} > {before}")
        if older.is_disabled():
            break
    expect(status).to_have_text(f"{days} points since 2000-01-01; nothing older")
    expect(older).to_be_disabled()


def test_another_indicator_leaves_a_reader_of_older_days_where_he_is(page: Page, days: int) -> None:
    choose(page, "period", "1d")
    page.wait_for_function(f"{LENGTH} >= 300")
    while page.evaluate(LENGTH) < 1800:
        before = page.evaluate(LENGTH)
        page.locator("#older-button").press("Enter")
        page.wait_for_function(f"{LENGTH} > {before}")
    wait_drawn(page, "main", "main-chart", page.evaluate(LENGTH))
    page.evaluate(ZOOM, [40, 45])
    seen = page.evaluate(SEEN)
    assert seen[1] < FIRST_MS + DAY_MS * (days - 900)
    choose(page, "indicators", "ema:12")
    page.wait_for_function("globalThis.__rtc.charts.get('main').legends.includes('ema:12')")
    page.wait_for_function(
        f"([first, last]) => {{ const now = ({SEEN})(); return now[0] === first && now[1] === last; }}", arg=seen
    )


def test_the_command_that_the_page_offers_moves_the_chart_of_days(page: Page, server: RunningServer) -> None:
    page.locator('.quote-card[data-item="MSFT"]').click()  # no other test has a history of it
    choose(page, "period", "1d")
    refused = metric(server.url, "rtserver_bad_times_total")
    command = page.locator("#command-1").inner_text().replace("DEMO:AAPL", "DEMO:MSFT")
    for price in ("430.5", "431.5"):
        subprocess.run(
            ["sh", "-c", command.replace("430.5", price)], check=True, timeout=60, stdout=subprocess.DEVNULL
        )
        page.wait_for_function(f"globalThis.__rtc.charts.get('main').series[0]?.last?.[2] === {price}")
    assert metric(server.url, "rtserver_bad_times_total") == refused


def test_the_bar_at_the_top_takes_two_rows_of_a_narrow_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator("#people")).to_be_visible()
    parts = ".topbar > :not(.topbar-status), .topbar-status > :not([hidden])"
    tops = page.eval_on_selector_all(parts, "parts => parts.map(each => each.getBoundingClientRect())")
    assert len({round(part["top"] + part["height"] / 2) for part in tops}) == 2
    assert max(part["right"] for part in tops) <= 360


def test_a_dot_is_lit_at_whoever_is_online(page: Page, browser: Browser, server: RunningServer) -> None:
    dots = [page.locator(f".person[data-name='{name}'][data-presence='online']") for name in ("demo", "guest")]
    expect(dots[0]).to_be_visible()
    context = new_context(browser, base_url=server.url)
    log_in(context.new_page(), "guest")
    expect(dots[1]).to_be_visible()
    expect(page.locator("#people-count")).to_have_text("2")
    context.close()


def test_the_controls_of_the_large_chart_take_one_row_of_a_laptop(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    parts = page.eval_on_selector_all(".toolbar > *", "parts => parts.map(each => each.getBoundingClientRect())")
    assert len(parts) == 4
    assert len({round(part["top"] + part["height"] / 2) for part in parts}) == 1


def test_the_menu_finds_indicators_of_the_server_by_name_and_draws_the_chosen_one(page: Page, days: int) -> None:
    assert days
    choose(page, "period", "1d")
    page.locator("#indicator-menu summary").press("Enter")
    page.fill("#indicator-search", "stochastic kdj")
    expect(page.locator("#indicator-list label:visible")).to_have_count(1)
    expect(page.locator("#indicator-count")).to_contain_text("1 of ")
    choose(page, "indicators", "kdj:9:3:3")
    page.wait_for_function("globalThis.__rtc.charts.get('main').yAxis.some(({ name }) => name === 'kdj')")
    page.press("#indicator-search", "Escape")
    expect(page.locator("#indicator-search")).to_be_hidden()
    page.reload()
    page.wait_for_function("globalThis.__rtc?.charts?.get('main')?.yAxis.some(({ name }) => name === 'kdj')")
    expect(page.locator("input[name=indicators][value='kdj:9:3:3']")).to_be_checked()


def test_the_watch_list_asks_for_the_quotes_on_the_screen_and_for_others_when_they_come_there(
    page: Page, server: RunningServer
) -> None:
    page.goto("/watch/")
    page.wait_for_function("globalThis.__rtc?.client.userinfo")
    rows = page.locator("#watch-rows tr")
    expect(rows).to_have_count(50)
    until(lambda: 8 <= metric(server.url, "rtserver_subscriptions") <= 22)
    item = rows.last.get_attribute("data-item")
    with redis.Redis.from_url(server.redis_url) as queue:
        tick = [{"quote": f"DEMO:{item}", "info": {"point": [FIRST_MS, 17.25]}}]
        queue.rpush("queue:rtserver", json.dumps({"type": "quote", "src": "test", "data": tick}))
    rows.last.scroll_into_view_if_needed()
    expect(rows.last.locator("[data-role=price]")).to_have_text("17.25")
    until(lambda: 8 <= metric(server.url, "rtserver_subscriptions") <= 22)

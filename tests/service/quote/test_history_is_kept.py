"""Faults of bars that were recomputed from the ticks at hand, each with the right value."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rtserver.base.bridge.message import Refused, Row
from rtserver.history.port import HistoryError, HistoryPart, HistoryRange
from rtserver.market.book.quote_book import BookRules
from rtserver.market.calendar.calendar_table import read_calendar
from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.market.market_bar import Bar
from rtserver.service.quote.tick import QuoteInfo, QuoteItem
from tests.service.quote.desk import MONDAY, QUOTE, Desk, labels
from tests.service.quote.viewer import is_same

MINUTE, DAY = 60_000, 86_400_000


def minute_bars(count: int) -> list[list[Any]]:
    return [[MONDAY + n * MINUTE, 10 + n % 7, 12 + n % 5, 9, 18, 5] for n in range(count)]


def test_a_growing_bar_that_is_sent_20_000_times_is_one_row() -> None:
    desk = Desk()
    bars = minute_bars(500)
    desk.tell(bars)
    for first in range(0, 20_000, 500):
        desk.tell([[*bars[-1][:2], 12, 9, 18, 6 + first + n] for n in range(500)])
    table = desk.picture(period=0, indicators=["sma:20"])
    assert len(table.rows) == 500
    assert sum(row[6] is not None for row in table.rows) == 481
    assert table.rows[-1][5] == 6 + 19_999
    assert len(desk.picture(2, period="1m").rows) == 500


def test_who_comes_after_30_000_ticks_sees_what_the_first_one_sees() -> None:
    desk = Desk()
    asked: list[dict[str, Any]] = [
        {"period": "1d"},
        {"period": "1m", "indicators": ["vwap"]},
        {"indicators": ["vwap"]},
    ]
    viewers = [desk.watch(10 + place, **request) for place, request in enumerate(asked)]
    for first in range(0, 30_000, 500):
        desk.tell([[MONDAY + n * 500, 2_000 + n % 20 if n < 15_000 else 3_000] for n in range(first, first + 500)])
        desk.deliver(*viewers)
    for viewer, request in zip(viewers, asked, strict=True):
        late = desk.picture(99, **request).rows
        assert all(map(is_same, viewer.rows[-len(late) :], late))
    [day] = desk.picture(98, period="1d").rows
    assert day == (MONDAY, 2_000, 3_000, 2_000, 3_000, 30_000)
    minutes = desk.picture(97, period="1m", indicators=["vwap"]).rows
    assert len(minutes) == 250
    assert minutes[-1][6] == pytest.approx((sum(2_000 + n % 20 for n in range(15_000)) + 15_000 * 3_000) / 30_000)


def test_a_glance_at_another_tab_costs_no_history() -> None:
    desk = Desk(rules=BookRules(2_000), feed_linger_seconds=60)
    for first in range(0, 30_000, 1_000):
        desk.tell([[MONDAY + n * 1_000, 10 + n % 9] for n in range(first, first + 1_000)])
    before = desk.picture(period="1m").rows
    desk.leave()
    assert desk.picture(period="1m").rows == before
    assert len(before) == 500
    assert len(desk.picture(2, period="1m", indicators=["sma:5"]).rows) == 500
    assert len(desk.picture(3, period="5m").rows) == 100


def test_a_restart_loses_nothing_that_was_saved() -> None:
    desk = Desk()
    for first in range(0, 30_000, 1_000):
        desk.tell([[MONDAY + n * 1_000, 10 + n % 9] for n in range(first, first + 1_000)])
        desk.save()
    asked: list[dict[str, Any]] = [
        {"indicators": ["vwap"]},
        {"period": "1m", "indicators": ["sma:5", "vwap"]},
        {"period": "1h"},
        {"period": "1d"},
    ]
    before = [desk.picture(**request) for request in asked]
    again = Desk(desk.states)
    for request, table in zip(asked, before, strict=True):
        after = again.picture(**request)
        assert labels(after.rows) == labels(table.rows)
        assert all(map(is_same, after.rows, table.rows))


class Prices:
    """A source of history with a bar for each of 3,650 days before the Monday. It fails while ``is_away``."""

    is_away = False

    def read(self, wanted: HistoryRange) -> HistoryPart:
        if self.is_away:
            raise HistoryError(wanted.quote, wanted.base, "the database is away")
        if wanted.base != "1d":
            return HistoryPart([])
        first = MONDAY // DAY - 3_650
        days = [
            day
            for day in range(first, MONDAY // DAY)
            if (wanted.end_ms is None or day * DAY < wanted.end_ms)
            and (wanted.start_ms is None or day * DAY >= wanted.start_ms)
        ]
        days = days if wanted.limit is None else days[-wanted.limit :]
        bars = [Bar(day * DAY, day, day, day, day, 1, day, _year(day), day * DAY) for day in days]
        return HistoryPart(bars, has_older=bool(days) and days[0] > first)


def _year(day: int) -> int:
    return datetime.fromtimestamp(day * 86_400, UTC).year


def test_a_first_picture_has_the_history_of_a_source_and_pages_have_the_rest() -> None:
    desk = Desk(source=Prices(), picture_rows=100)
    desk.tell([[MONDAY + n * MINUTE, 5] for n in range(10)])
    rows: list[Row] = []
    table = desk.picture(period="1d", indicators=["sma:3", "vwap"])
    assert (len(table.rows), table.has_older) == (100, True)
    assert table.rows[0][6] is not None
    assert table.rows[-1][:6] == (MONDAY, 5, 5, 5, 5, 10)
    rows[:0] = table.rows
    while table.has_older:
        table = desk.picture(2, period="1d", indicators=["sma:3", "vwap"], end_ms=rows[0][0], count=1_000)
        rows[:0] = table.rows
    assert labels(rows) == [MONDAY + day * DAY for day in range(-3_650, 1)]
    for n, row in enumerate(rows[2:-1], 2):
        assert row[6] == pytest.approx(rows[n - 1][2])
    assert not table.is_cut


def test_a_source_that_fails_costs_the_chart_an_error_and_nothing_else() -> None:
    prices = Prices()
    desk = Desk(source=prices)
    desk.tell([[MONDAY, 5]])
    prices.is_away = True
    refused = desk.ask(period="1d")
    assert isinstance(refused, Refused)
    assert refused.code == "history_failed"
    assert len(desk.picture(period=0).rows) == 1
    page = desk.ask(2, period="1d", end_ms=MONDAY)
    assert isinstance(page, Refused)
    prices.is_away = False
    assert len(desk.picture(3, period="1d").rows) == 1_000


def test_a_chart_may_ask_for_a_part_of_the_history() -> None:
    desk = Desk(source=Prices())
    desk.tell([[MONDAY, 5]])
    whole = desk.picture(period="1d", count=30)
    assert (len(whole.rows), whole.has_older) == (30, True)
    since = desk.picture(2, period="1d", start_ms=MONDAY - 9 * DAY)
    assert labels(since.rows) == [MONDAY + day * DAY for day in range(-9, 1)]
    part = desk.picture(3, period="1d", start_ms=MONDAY - 9 * DAY, end_ms=MONDAY - 5 * DAY)
    assert labels(part.rows) == [MONDAY + day * DAY for day in range(-9, -5)]
    weeks = desk.picture(4, period="1w", end_ms=MONDAY, count=2)
    assert labels(weeks.rows) == [MONDAY - 14 * DAY, MONDAY - 7 * DAY]
    assert [row[5] for row in weeks.rows] == [7, 7]


def test_the_same_page_is_made_once() -> None:
    desk = Desk(source=Prices())
    desk.tell([[MONDAY, 5], [MONDAY + DAY, 6]])
    one = desk.picture(2, period="1d", end_ms=MONDAY - DAY, count=10)
    other = desk.picture(3, period="1d", end_ms=MONDAY - DAY, count=10)
    assert one is other
    assert desk.center.pages.found == 1


def test_one_impossible_time_is_a_dead_letter_and_the_quote_goes_on() -> None:
    desk = Desk()
    now = MONDAY + 10 * DAY
    good = [[now + n * MINUTE, 11 + n] for n in range(4)]
    for quote, bad in (("X:MICRO", now * 1_000), ("X:YEAR", now + 365 * DAY)):
        desk.tell([good[0], [bad, 10], *good[1:]], quote, now_ms=now + 3 * MINUTE)
        [part] = desk.center.rejected_parts
        desk.center.rejected_parts.clear()
        assert part.reason == "bad_time"
        assert part.data == [{"quote": quote, "info": {"point": [bad, 10], "volume": 1}}]
        assert labels(desk.picture(quote=quote, period="1m").rows) == [time for time, _ in good]
    assert desk.center.bad_times == 2


def test_a_late_tick_goes_into_its_own_bar_and_corrects_what_is_behind_it() -> None:
    desk = Desk()
    desk.tell([[MONDAY + n * MINUTE, 10] for n in range(5)])
    viewer = desk.watch(period="1m", indicators=["sma:2"])
    desk.posted.clear()
    desk.tell([[MONDAY + 3 * MINUTE + 30_000, 20]])
    [update] = desk.posted
    assert update.corrected == ((MONDAY + 3 * MINUTE, 10, 20, 10, 20, 2, 15),)
    assert update.payload == ((MONDAY + 4 * MINUTE, 10, 10, 10, 10, 1, 15),)
    desk.deliver(viewer)
    assert viewer.rows == list(desk.picture(2, period="1m", indicators=["sma:2"]).rows)


def test_two_trading_days_of_shanghai_are_two_bars_and_a_week_begins_on_monday() -> None:
    shanghai = read_calendar("SHFE", {"calendar": "SHFE"})
    desk = Desk(calendars=ExchangeCalendars({"SHFE": shanghai}))
    hour = 3_600_000
    # Tuesday's session begins on Monday at 21:00 in Shanghai, which is 13:00 UTC.
    times = [MONDAY + 2 * hour, MONDAY + 13 * hour, MONDAY + 17 * hour, MONDAY + DAY + 2 * hour]
    desk.tell([[time, n] for n, time in enumerate(times)], "SHFE:cu")
    days = desk.picture(quote="SHFE:cu", period="1d").rows
    assert [(row[0], row[5]) for row in days] == [(MONDAY, 1), (MONDAY + DAY, 3)]
    weeks = desk.picture(2, quote="SHFE:cu", period="1w").rows
    assert [(row[0], row[5]) for row in weeks] == [(MONDAY, 4)]


def test_120_000_minute_bars_are_a_picture_of_bounded_size() -> None:
    desk = Desk(picture_rows=1_000)
    for first in range(0, 120_000, 10_000):
        desk.tell([[MONDAY + n * MINUTE, 5] for n in range(first, first + 10_000)], now_ms=MONDAY + 100 * DAY)
    table = desk.picture(period="1m")
    assert (len(table.rows), table.has_older) == (1_000, True)
    page = desk.picture(2, period="1m", end_ms=table.rows[0][0], count=2_000)
    assert labels(page.rows) == [MONDAY + n * MINUTE for n in range(117_000, 119_000)]


def test_what_is_given_back_or_refused_for_a_bound_is_counted() -> None:
    desk = Desk(max_quotes=2, max_feeds=1)
    for item in "ABCDE":
        desk.tell([[MONDAY, 1]], f"X:{item}")
        desk.save()
    assert (desk.center.books.given_back, desk.center.books.forgotten) == (3, 0)
    desk.picture(quote="X:C")
    assert isinstance(desk.ask(2, quote="X:C", period=60), Refused)
    assert desk.center.feeds.refused == 1


def test_the_newest_bid_and_ask_are_in_the_picture_and_in_updates() -> None:
    desk = Desk()
    desk.tell([[MONDAY, 1]])
    viewer = desk.watch()
    assert not viewer.fields
    desk.posted.clear()
    info = QuoteInfo([MONDAY + 1, 2], bid=1.5, ask=2.5)
    desk.center.handle(f"{MONDAY + DAY}-1", "x", [QuoteItem(QUOTE, info)])
    desk.center.flush()
    desk.deliver(viewer)
    assert viewer.fields == {"bid": 1.5, "ask": 2.5}
    assert desk.picture(2).fields == {"bid": 1.5, "ask": 2.5}

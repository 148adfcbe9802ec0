"""Quotes of exchanges with calendars: their bars, their time zone, and exchanges that nobody listed."""

from typing import Any

import msgspec
import pytest

from rtserver.base.bridge.message import Message, Refused, Snapshot, Subscribe, Table
from rtserver.history.book_port import LiveBars
from rtserver.history.port import HistoryPart, HistoryRange
from rtserver.market.book.quote_book import BookRules, QuoteBook
from rtserver.market.calendar.calendar import CONTINUOUS
from rtserver.market.calendar.calendar_table import read_calendar
from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.market.day import DAY_MS, read_day
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceContext, call_never
from rtserver.service.quote.feed_history import FeedHistory
from rtserver.service.quote.feed_request import read_request
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.user_commands import UserCommands
from tests.market.book.ticks import price, take
from tests.market.exchange import moment, shown

SHFE = read_calendar("SHFE", {"calendar": "SHFE"})
COPPER = "SHFE:cu2604"
NOW_MS = moment(SHFE, "2026-03-11 16:00")


class Floor:
    """A QuoteCenter of listed exchanges, and everything it posted."""

    def __init__(self, *, is_closed: bool = False) -> None:
        self.posted: list[Message] = []
        context = ServiceContext(self.posted.append, UserCommands(self.posted.append), lambda fn, *args: fn(*args))
        calendars = ExchangeCalendars({"SHFE": SHFE, "COINS": CONTINUOUS}, is_closed=is_closed)
        self.center = QuoteCenter(context, calendars=calendars)

    def tell(self, quote: str, *points: list[float]) -> None:
        items = [{"quote": quote, "info": {"point": point, "volume": 1}} for point in points]
        self.center.handle(f"{NOW_MS}-0", "feed", msgspec.convert(items, QuoteCenter.data_type))

    def ask(self, quote: str, **request: Any) -> Message:
        self.center.on_subscribe(Subscribe(1, len(self.posted), "quotes", {"quote": quote, **request}))
        return self.posted[-1]

    def picture(self, quote: str, **request: Any) -> Table:
        answer = self.ask(quote, **request)
        assert isinstance(answer, Snapshot)
        return answer.payload


def trading(*texts: str) -> list[list[float]]:
    return [[moment(SHFE, text), float(price)] for price, text in enumerate(texts, 1)]


def test_two_trading_days_are_two_bars_labelled_with_their_dates() -> None:
    floor = Floor()
    floor.tell(COPPER, *trading("2026-03-09 21:30", "2026-03-10 01:00", "2026-03-10 09:30", "2026-03-10 15:00:02"))
    floor.tell(COPPER, *trading("2026-03-10 21:00", "2026-03-11 02:29", "2026-03-11 14:59"))
    rows = floor.picture(COPPER, period="1d").rows
    assert [row[0] for row in rows] == [read_day(day) * DAY_MS for day in ("2026-03-10", "2026-03-11")]
    assert [row[5] for row in rows] == [4, 3]


def test_no_bar_spans_a_break_and_each_begins_anew_after_it() -> None:
    floor = Floor()
    floor.tell(COPPER, *trading("2026-03-10 10:14", "2026-03-10 10:31", "2026-03-10 11:29", "2026-03-10 13:31"))
    rows = floor.picture(COPPER, period=3600).rows
    starts = ["2026-03-10 10:00:00", "2026-03-10 10:30:00", "2026-03-10 13:30:00"]
    assert [shown(SHFE, int(row[0] or 0)) for row in rows] == starts


def test_a_picture_and_a_page_say_the_time_zone_of_an_exchange_that_has_one() -> None:
    floor = Floor()
    floor.tell(COPPER, *trading("2026-03-10 10:14"))
    floor.tell("COINS:BTC", *trading("2026-03-10 10:14"))
    assert floor.picture(COPPER, period=60).zone == "Asia/Shanghai"
    assert floor.picture(COPPER, period=60, end_ms=NOW_MS, count=10).zone == "Asia/Shanghai"
    assert floor.picture("COINS:BTC", period=60).zone is None
    assert floor.picture("OTHER:X", period=60).zone is None


def test_where_only_listed_exchanges_are_known_others_are_refused_by_name() -> None:
    floor = Floor(is_closed=True)
    said = 'exchange "SHEF" is unknown; known are COINS, SHFE'
    refused = floor.ask("SHEF:cu2604")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.message) == ("bad_request", said)
    with pytest.raises(BadData, match=f"item 0: {said}"):
        floor.tell("SHEF:cu2604", *trading("2026-03-10 10:14"))
    floor.tell(COPPER, *trading("2026-03-10 10:14"))
    assert len(floor.picture(COPPER).rows) == 1


class Archive:
    """A reader of stored history that notes what it is asked for."""

    reads = failures = 0

    def __init__(self) -> None:
        self.wanted: list[HistoryRange] = []

    def read(self, wanted: HistoryRange, book: LiveBars | None = None) -> HistoryPart:
        self.wanted.append(wanted)
        return HistoryPart((), has_older=False, is_cut=False)


def test_the_minutes_of_a_day_that_began_before_its_session_are_read_from_the_store() -> None:
    quote = KnownQuote(COPPER, QuoteBook(SHFE, BookRules(tail_ticks=2)), SHFE)
    opening = moment(SHFE, "2026-03-10 21:00")
    take(quote.book, *(price(opening - 3_600_000 + second, 5, 1) for second in range(4)))
    name, view = read_request({"quote": COPPER, "period": 7, "indicators": ["vwap"]}, IndicatorRegistry())
    archive = Archive()
    FeedHistory(archive, call_never).read(name, quote, view)
    assert [(each.start_ms, each.end_ms) for each in archive.wanted] == [(opening, opening + 120_000)]

"""The demo's market: real days as ticks, to and fro, over restarts and while the queue is away."""

from collections.abc import Iterable
from itertools import islice, pairwise
from typing import Any

import msgspec
import pytest

from rtserver.base.bridge.message import Row
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.book.tick import tick_of
from rtserver.service.quote import quote_source
from rtserver.service.quote.quote_source import ITEMS, film_of, load_days, read_days, replay
from rtserver.service.quote.tick import QuoteInfo, QuoteMessage, check_key, read_tick

MINUTE = 60_000
BARS = len(list(quote_source.history_messages()))
OPENING = 1_362_148_200_000  # 2013-03-01T14:30:00Z


class Store:
    """A position in memory."""

    def __init__(self, position: int = 0) -> None:
        self.position = position

    def get(self) -> int:
        return self.position

    def set(self, position: int) -> None:
        self.position = position


class Stage:
    """A source, what it put, and a clock that only its sleeps move. It stops after ``sleeps`` sleeps."""

    def __init__(
        self,
        sleeps: int,
        store: Store | None = None,
        failing: tuple[int, ...] = (),
        **options: Any,
    ) -> None:
        self.now = 0.0
        self.puts: list[tuple[float, list]] = []
        self.history: list[tuple[float, list]] = []
        self.sleeps = sleeps
        self.store = store or Store()
        self.failing = failing
        self.tries = 0
        self.ids: list[str] = []
        self.source = quote_source.TestQuoteSource(
            self.put, self.store, clock=lambda: self.now, sleep=self.sleep, **options
        )

    def put(self, *message: object, id: str) -> None:  # noqa: A002
        self.tries += 1
        self.ids.append(id)
        if self.tries in self.failing:
            raise ConnectionError("no queue")
        kind, src, data = message
        assert (kind, src) == ("quote", "demo")
        items = msgspec.json.decode(msgspec.json.encode(data), type=QuoteMessage)
        (self.puts if items[0].quote.count(":") == 2 else self.history).append((self.now, items))

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.sleeps -= 1
        if not self.sleeps:
            self.source.stop()

    def points(self, quote: str) -> list[QuoteInfo]:
        return [item.info for _, items in self.puts for item in items if item.quote == quote]

    def run(self) -> "Stage":
        self.source.run()
        return self


def bars_of(infos: Iterable[QuoteInfo]) -> list[Row]:
    book = QuoteBook()
    for info in infos:
        book.take(tick_of(read_tick(info)))
    bars = book.bars.read("1m")
    return [(bar.label, bar.open, bar.close, bar.low, bar.high, bar.volume) for bar in bars]


@pytest.mark.parametrize("item", ITEMS)
def test_a_bar_of_a_minute_is_one_real_day_there_and_its_mirror_back(item: str) -> None:
    days = load_days(item)
    bars = bars_of(islice(replay(film_of(days)), 3 * 1000))

    assert len(days) == 250
    assert [row[0] for row in bars] == [OPENING + minute * MINUTE for minute in range(750)]
    there = [tuple(day.point[1:]) for day in days]
    back = [(close, opened, low, high, volume) for opened, close, low, high, volume in reversed(there)]
    assert [row[1:] for row in bars] == there + back + there


def test_the_last_day_of_the_data_is_the_first_of_march() -> None:
    assert load_days("AAPL")[-1].point == [1362096000000, 438.0, 430.47, 429.98, 438.1799, 19730300]


@pytest.mark.parametrize(
    ("day", "prices"),
    [([0, 10, 12, 9, 13, 10], [10, 9, 13, 12]), ([0, 12, 10, 9, 13, 10], [12, 13, 9, 10])],
)
def test_a_day_goes_by_its_low_and_high_to_its_close(day: list[int], prices: list[int]) -> None:
    ticks = list(islice(replay(film_of([QuoteInfo(day)])), 4))

    assert [tick.point[1] for tick in ticks] == prices
    assert [tick.volume for tick in ticks] == [2, 2, 2, 4]
    assert [tick.point[0] - OPENING for tick in ticks] == [0, 15_000, 30_000, 45_000]


def test_the_market_turns_without_a_jump_and_its_time_only_goes_up() -> None:
    ticks = [tick.point for tick in islice(replay(film_of(load_days("IBM"))), 4_500)]

    assert all(after[0] - before[0] == 15_000 for before, after in pairwise(ticks))
    assert ticks[999][1] == ticks[1000][1]
    assert ticks[1999][1] == ticks[2000][1] == ticks[0][1]


@pytest.mark.parametrize("start", [0, 1, 999, 1000, 1999, 2000, 123_456_789])
def test_a_replay_goes_on_at_any_tick(start: int) -> None:
    film = film_of(load_days("MSFT"))
    first = next(replay(film, start))

    assert first.point == [OPENING + start * 15_000, film[start % 2000][0]]
    assert list(islice(replay(film, start), 1, 5)) == list(islice(replay(film, start + 1), 4))


def test_every_tick_says_that_shares_are_priced_in_cents() -> None:
    prices = film_of(load_days("AAPL"))

    assert any(price != round(price, 2) for price, _ in prices), "no price has more decimals"
    assert {info.decimals for info in islice(replay(prices), 1000)} == {2}


def test_the_first_start_puts_a_history_at_once_and_then_goes_on_at_its_rate() -> None:
    stage = Stage(sleeps=BARS + 4 + 8).run()

    history, live = stage.puts[:4], stage.puts[4:]
    [start] = {at for at, _ in history}
    assert sum(len(items) for _, items in history) == 3 * 120 * 4
    assert [at for at, _ in live] == pytest.approx([start + 0.25 * tick for tick in range(8)])
    assert all(len(items) == 3 for _, items in live)
    assert stage.store.position == 480 + 8


def test_the_first_start_puts_all_days_as_bars_of_quotes_without_a_date() -> None:
    store = Store()
    first, again = Stage(sleeps=BARS + 6, store=store, failing=(3, 5)).run(), Stage(sleeps=6, store=store).run()

    for item in ITEMS:
        bars = [each.info for _, items in first.history for each in items if each.quote == f"DEMO:{item}"]
        assert [bar.point for bar in bars] == [day.point for day in read_days(item)]
        assert {bar.decimals for bar in bars} == {2}
    assert again.history == []


def test_a_restart_within_the_bars_puts_none_of_them_twice() -> None:
    store = Store()
    stages = [Stage(sleeps=sleeps, store=store).run() for sleeps in (1, 40, BARS, 5)]

    bars = [item.info.point for each in stages for _, items in each.history for item in items]
    assert bars == [day.point for item in ITEMS for day in read_days(item)]
    assert stages[-1].puts


def test_what_is_put_twice_by_a_crash_has_the_id_of_the_first_time() -> None:
    stage = Stage(sleeps=BARS + 10).run()
    assert len(set(stage.ids)) == len(stage.ids)
    for position in (0, -5, 480, 481):
        first, again = (Stage(sleeps=1, store=Store(position)).run() for _ in range(2))
        assert first.ids == again.ids
        assert set(first.ids) <= {*stage.ids}


def test_every_quote_gets_every_tick_in_order() -> None:
    stage = Stage(sleeps=BARS + 10).run()

    for item in ITEMS:
        quote = f"DEMO:{item}:20130301"
        check_key(quote)
        expected = list(islice(replay(film_of(load_days(item))), stage.store.position))
        assert stage.points(quote) == expected


def test_a_restart_goes_on_where_it_stopped_even_within_the_history() -> None:
    store = Store()
    first, second = Stage(sleeps=BARS + 2, store=store).run(), Stage(sleeps=5, store=store).run()

    points = [*first.points("DEMO:IBM:20130301"), *second.points("DEMO:IBM:20130301")]
    assert len(points) == 480 + 3
    assert points == list(islice(replay(film_of(load_days("IBM"))), len(points)))


def test_the_rate_is_ticks_per_second_of_each_quote() -> None:
    stage = Stage(sleeps=5, store=Store(480), rate=10).run()

    assert [at for at, _ in stage.puts] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_a_queue_that_is_away_loses_no_tick_and_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(sleeps=6, store=Store(480), failing=(2, 3)).run()

    assert [at for at, _ in stage.puts] == pytest.approx([0.0, 2.25, 2.5, 2.75])
    expected = islice(replay(film_of(load_days("IBM")), 480), 4)
    assert stage.points("DEMO:IBM:20130301") == list(expected)
    assert caplog.messages == ["! demo quotes wait: no queue"]


def test_an_error_that_is_not_the_queues_absence_is_not_swallowed() -> None:
    stage = Stage(sleeps=5, failing=(1,), unavailable=(TimeoutError,))
    with pytest.raises(ConnectionError):
        stage.run()


def test_time_that_was_lost_is_not_made_up_for_in_a_burst() -> None:
    stage = Stage(sleeps=4, store=Store(480))
    put = stage.put

    def slow_put(*message: object, id: str) -> None:  # noqa: A002
        put(*message, id=id)
        if len(stage.puts) == 2:
            stage.now += 10

    stage.source = quote_source.TestQuoteSource(slow_put, stage.store, clock=lambda: stage.now, sleep=stage.sleep)
    stage.run()
    assert [at for at, _ in stage.puts] == pytest.approx([0.0, 0.25, 10.25, 10.5])

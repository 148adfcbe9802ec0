"""The demo's watch list: fifty quotes of real prices, which go by the wall clock."""

import pytest

from rtserver.service.quote.demo_list import LENGTH, DemoListSource, films
from rtserver.service.quote.tick import QuoteInfo, check_key, read_tick

NOW = 1_800_000_000.0


def source_at(now: float) -> DemoListSource:
    """Return a source that puts nothing anywhere, at a standing clock."""
    return DemoListSource(lambda *message: None, now=lambda: now, sleep=lambda seconds: None)


def round_at(now: float) -> dict[str, list[float]]:
    """Return the points of a round by quote."""
    source = source_at(now)
    return {str(item["quote"]): item["info"]["point"] for turn in range(10) for item in source.items(turn)}


def test_a_round_has_one_price_of_each_of_fifty_quotes_at_the_present_time() -> None:
    points = round_at(NOW)

    assert len(points) == LENGTH
    for quote, point in points.items():
        check_key(quote)
        read_tick(QuoteInfo(point))
        assert point[1] > 0
        assert point[0] == NOW * 1000


def test_prices_move_by_a_day_at_a_time_and_a_restart_goes_on_with_them() -> None:
    played = dict(films())
    for seconds in range(0, 100, 10):
        for quote, [_, price] in round_at(NOW + seconds).items():
            assert price in [close for close, _ in played[quote.removeprefix("DEMO:")]]
    assert round_at(NOW + 2) == round_at(NOW + 2)
    assert round_at(NOW) != round_at(NOW + 2)


def test_the_newest_half_years_are_first() -> None:
    assert list(films())[:4] == ["AAPL-2013H1", "IBM-2013H1", "MSFT-2013H1", "AAPL-2012H2"]


def test_a_queue_that_is_away_is_told_once_and_costs_a_turn(caplog: pytest.LogCaptureFixture) -> None:
    puts: list[object] = []
    tries = iter(range(100))

    def put(*message: object) -> None:
        if next(tries) in (1, 2):
            raise ConnectionError("no queue")
        puts.append(message)

    def sleep(seconds: float) -> None:
        assert seconds == pytest.approx(0.2)
        if len(puts) == 3:
            source.stop()

    source = DemoListSource(put, now=lambda: NOW, sleep=sleep, unavailable=(ConnectionError,))
    source.run()
    assert len(puts) == 3
    assert caplog.messages == ["! the demo's watch list waits: no queue"]

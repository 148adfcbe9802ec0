"""The WebSocket feed and the simulator, over a real socket."""

import asyncio
import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from rtserver.feed.port import FeedError, FeedTick
from rtserver.feed.trade import TradeShape
from rtserver.feed.trade_feed import TradeFeed
from rtserver.feed.trade_market import TradeMarket
from rtserver.feed.trade_simulator import TradeSimulator
from tests.until import until

BTC, ETH = "SIM:BTCUSDT", "SIM:ETHUSDT"


class Exchange:
    """A simulator on a thread of its own."""

    def __init__(self, rate: float = 500.0, repeat: int = 5, drop_seconds: float = 0.0) -> None:
        market = TradeMarket(("BTCUSDT", "ETHUSDT"))
        self._simulator = TradeSimulator(market, rate, repeat=repeat, drop_seconds=drop_seconds)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    def start(self) -> "Exchange":
        self._thread.start()
        until(lambda: self.port, "the simulator listens")
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def feed(self, path: str) -> TradeFeed:
        return TradeFeed(f"ws://127.0.0.1:{self.port}{path}", TradeShape("SIM"))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._simulator.serve(0, self._on_ready, self._stop))
        self._loop.close()

    def _on_ready(self, port: int) -> None:
        self.port = port


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    exchange = Exchange().start()
    yield exchange
    exchange.stop()


def ticks(feed: TradeFeed, count: int) -> list[FeedTick]:
    """The first ticks of one iteration, which is then ended."""
    iteration = iter(feed)
    found = list(islice((item for item in iteration if item is not None), count))
    iteration.close()  # type: ignore[attr-defined]  # it is a generator
    return found


def test_trades_of_a_combined_stream_come_in_order_with_their_ids(exchange: Exchange) -> None:
    found = ticks(exchange.feed("/stream?streams=btcusdt@trade/ethusdt@trade"), 100)
    for quote in (BTC, ETH):
        numbers = [info.id for key, info in found if key == quote]
        assert len(numbers) > 10
        first = numbers[0]
        assert isinstance(first, int)
        assert numbers == list(range(first, first + len(numbers)))


def test_a_stream_of_one_symbol_has_no_others(exchange: Exchange) -> None:
    assert {key for key, _ in ticks(exchange.feed("/ws/ethusdt@trade"), 20)} == {ETH}


def test_a_new_connection_is_told_the_newest_trades_again() -> None:
    exchange = Exchange(rate=50.0, repeat=1000).start()
    first, second = (ticks(exchange.feed("/ws/btcusdt@trade"), 10) for _ in range(2))
    exchange.stop()
    assert second == first


def test_a_stream_without_trades_still_says_that_it_is_alive(exchange: Exchange) -> None:
    iteration = iter(exchange.feed("/ws/nothing@trade"))
    assert [next(iteration) for _ in range(2)] == [None, None]
    iteration.close()  # type: ignore[attr-defined]  # it is a generator


def test_a_connection_that_the_source_ends_is_an_error_to_try_again_after() -> None:
    exchange = Exchange(drop_seconds=0.2).start()
    with pytest.raises(FeedError, match="closed by the source with code 1001"):
        for _ in exchange.feed("/ws/btcusdt@trade"):
            pass
    exchange.stop()


def test_a_source_that_cannot_be_reached_is_an_error_to_try_again_after(free_port: int) -> None:
    with pytest.raises(FeedError, match="Connection refused"):
        next(iter(TradeFeed(f"ws://127.0.0.1:{free_port}/ws/x", TradeShape("SIM"))))


@pytest.mark.parametrize("url", ["http://localhost/ws/x", "nonsense", "ws:///ws/x", "ws://[::1/"])
def test_an_address_of_no_websocket_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"an address looks like|Invalid IPv6"):
        TradeFeed(url, TradeShape("SIM"))


def test_a_page_that_is_no_websocket_is_an_error_to_try_again_after(exchange: Exchange) -> None:
    with pytest.raises(FeedError, match="404"):
        next(iter(exchange.feed("/elsewhere")))

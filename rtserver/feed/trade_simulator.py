"""TradeSimulator: a WebSocket server on loop-back that sends the trades of a made-up market to whoever connects.

It stands for an exchange where none is at hand. Like one, it ends connections now and then and says the newest trades
again to a client that comes back.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from rtserver.base.wire import json
from rtserver.feed.trade_market import TradeMarket, streams_of

TURN_SECONDS = 0.02
GOING_AWAY = 1001


class TradeSimulator:
    """Sends ``rate`` trades a second, of all symbols together.

    A client gets the newest ``repeat`` trades of its symbols at once. All connections end every ``drop_seconds``; 0
    is never.
    """

    def __init__(
        self,
        market: TradeMarket,
        rate: float,
        *,
        repeat: int = 20,
        drop_seconds: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._market = market
        self._rate = rate
        self._repeat = repeat
        self._drop_seconds = drop_seconds
        self._now = now
        self._clients: set[_Client] = set()

    async def serve(self, port: int, on_ready: Callable[[int], object], stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set. ``on_ready`` gets the port: that of a free one for 0. Raises ``OSError``."""
        sockets = bind_sockets(port, "127.0.0.1")
        server = HTTPServer(Application([(r"/(?:ws/.*|stream)", _Client, {"simulator": self})]))
        server.add_sockets(sockets)
        on_ready(sockets[0].getsockname()[1])
        last = begun = self._now()
        owed = 0.0
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TURN_SECONDS)
            now = self._now()
            owed = min(owed + (now - last) * self._rate, self._rate)  # lost time is not made up for in a burst
            self._trade(int(owed), int(now * 1000))
            owed -= int(owed)
            last = now
            if self._drop_seconds and now - begun >= self._drop_seconds:
                self._drop()
                begun = now
        server.stop()
        self._drop()
        await server.close_all_connections()

    def add(self, client: "_Client", symbols: list[str]) -> list[dict[str, Any]]:
        """Let a client have the trades from now on. Return those that it is told first."""
        self._clients.add(client)
        return self._market.newest(self._repeat, symbols)

    def remove(self, client: "_Client") -> None:
        """Forget a client that has left."""
        self._clients.discard(client)

    def _trade(self, count: int, time_ms: int) -> None:
        for _ in range(count):
            made = self._market.trade(time_ms)
            for client in list(self._clients):
                client.say(made)

    def _drop(self) -> None:
        for client in list(self._clients):
            client.close(GOING_AWAY)


class _Client(WebSocketHandler):
    def initialize(self, simulator: TradeSimulator) -> None:
        """Called by Tornado."""
        self._simulator = simulator
        self._symbols, self._is_combined = streams_of(self.request.path, self.get_query_argument("streams", ""))

    def open(self, *_: str, **__: str) -> None:
        """Called by Tornado."""
        for made in self._simulator.add(self, self._symbols):
            self.say(made)

    def on_message(self, message: str | bytes) -> None:
        """Called by Tornado. Requests are not answered."""

    def on_close(self) -> None:
        """Called by Tornado."""
        self._simulator.remove(self)

    def say(self, made: dict[str, Any]) -> None:
        """Send a trade, if it is of a symbol that was asked for."""
        if made["s"] not in self._symbols:
            return
        wrapped = {"stream": f"{made['s'].lower()}@trade", "data": made} if self._is_combined else made
        with suppress(WebSocketClosedError):
            self.write_message(json.encode(wrapped))

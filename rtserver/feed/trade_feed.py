"""TradeFeed: a WebSocket whose text messages are trades, over Tornado's client."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterator
from urllib.parse import urlsplit

from tornado.httpclient import HTTPError
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

from rtserver.feed.port import Feed, FeedError, FeedTick
from rtserver.feed.trade import TradeError, TradeShape

CONNECT_SECONDS = 10.0
PING_SECONDS = 15.0
"""A source that answers no ping within that time is taken for away (RFC 6455, section 5.5.2)."""
WORD_SECONDS = 1.0
MOST_BYTES = 1_048_576
LOG_SECONDS = 60.0

log = logging.getLogger(__name__)


class TradeFeed(Feed):
    """The trades of ``url``. The connection is read while somebody iterates, so a reader that waits slows the source.

    A message that is no trade and cannot be read is counted in ``unreadable`` and logged, once a minute at most.
    """

    def __init__(self, url: str, shape: TradeShape) -> None:
        """Raises ``ValueError`` for an address that is not one of a WebSocket."""
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise ValueError(f"{url}: an address looks like wss://host/stream?streams=btcusdt@trade")
        self._url = url
        self._shape = shape
        self._logged_at = float("-inf")
        self.unreadable = 0

    def __iter__(self) -> Iterator[FeedTick | None]:
        """Connect and yield trades; None for each second without one. Raises ``FeedError`` when it is over."""
        with asyncio.Runner() as loop:
            connection = loop.run(_Connection.open(self._url))
            try:
                yield None
                while True:
                    raws = loop.run(connection.read(WORD_SECONDS))
                    for raw in raws:
                        yield self._read(raw)
                    if not raws:
                        yield None
            finally:
                loop.run(connection.close())

    def _read(self, raw: str | bytes) -> FeedTick | None:
        try:
            return self._shape.read(raw if isinstance(raw, bytes) else raw.encode())
        except TradeError as error:
            self.unreadable += 1
            if time.monotonic() - self._logged_at >= LOG_SECONDS:
                self._logged_at = time.monotonic()
                log.warning("! a message of the source cannot be read: %s (%d so far)", error, self.unreadable)
            return None


class _Connection:
    """One WebSocket, on one event loop, which turns only while ``read`` waits."""

    def __init__(self) -> None:
        self._arrived: deque[str | bytes] = deque()
        self._news = asyncio.Event()
        self._is_closed = False
        self._socket: WebSocketClientConnection | None = None

    @classmethod
    async def open(cls, url: str) -> "_Connection":
        """Connect. Raises ``FeedError``."""
        self = cls()
        try:
            self._socket = await websocket_connect(
                url,
                connect_timeout=CONNECT_SECONDS,
                on_message_callback=self._on_message,
                ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS,
                max_message_size=MOST_BYTES,
            )
        except (OSError, HTTPError, WebSocketError, ValueError) as error:
            raise FeedError(f"{url}: {error}") from error
        return self

    async def read(self, seconds: float) -> list[str | bytes]:
        """Return the messages that came; none if ``seconds`` passed. Raises ``FeedError`` once all were returned."""
        if not self._arrived and not self._is_closed:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), seconds)
            except TimeoutError:
                return []
        if not self._arrived:
            assert self._socket is not None
            raise FeedError(f"closed by the source with code {self._socket.close_code}")
        raws = list(self._arrived)
        self._arrived.clear()
        return raws

    async def close(self) -> None:
        """Say goodbye, and wait a moment until the other side has."""
        assert self._socket is not None
        self._socket.close()
        if not self._is_closed:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), WORD_SECONDS)
            except TimeoutError:
                return

    def _on_message(self, raw: str | bytes | None) -> None:
        if raw is None:
            self._is_closed = True
        else:
            self._arrived.append(raw)
        self._news.set()

"""TradeShape: reads trades in the JSON that Binance documents for its trade streams. Pure.

Source: "WebSocket Streams", section "Trade Streams", of Binance's public API documentation. One trade is
``{"e":"trade","s":"BTCUSDT","t":id,"p":"price","q":"quantity","T":milliseconds}``; a combined stream wraps it as
``{"stream":"btcusdt@trade","data":{...}}``. Other messages, such as answers to requests, say that the
source is there.
"""

from typing import Any

import msgspec

from rtserver.base.wire import json
from rtserver.feed.port import FeedTick, QuoteInfo
from rtserver.service.quote.tick import check_key, read_tick


class TradeError(ValueError):
    """A message that cannot be read. ``str`` of it is the reason."""


class _Trade(msgspec.Struct, gc=False):
    s: str
    t: int
    p: str
    q: str
    T: int


class _Message(msgspec.Struct, gc=False):
    e: Any = None
    data: msgspec.Raw = msgspec.Raw()


class TradeShape:
    """Shape of one exchange's trades. One of item X belongs to the quote ``EXCHANGE:X``, or ``EXCHANGE:X:DATE``."""

    def __init__(self, exchange: str, date: str = "") -> None:
        self._exchange = exchange
        self._end = f":{date}" if date else ""
        self._messages = msgspec.json.Decoder(_Message)
        self._trades = msgspec.json.Decoder(_Trade)

    def read(self, raw: bytes) -> FeedTick | None:
        """Return the trade in a message; None if it is about something else. Raises ``TradeError``."""
        try:
            message = json.decode(raw, self._messages)
            inner = message.data or raw
            wrapped = json.decode(inner, self._messages) if message.data else message
            return self._tick(json.decode(inner, self._trades)) if wrapped.e == "trade" else None
        except ValueError as error:
            raise TradeError(str(error)) from None

    def _tick(self, trade: _Trade) -> FeedTick:
        quote = f"{self._exchange}:{trade.s}{self._end}"
        check_key(quote)
        info = QuoteInfo([trade.T, float(trade.p)], float(trade.q), id=trade.t)
        read_tick(info)
        return quote, info

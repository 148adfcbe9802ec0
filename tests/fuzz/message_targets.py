"""Messages of logged-in clients, of backends and of exchanges: JSON, through everything that reads it."""

import json
from pathlib import Path
from typing import Any

from rtserver.feed.trade import TradeError, TradeShape
from rtserver.market.book.tick import tick_of
from rtserver.service.message import Reason
from rtserver.service.quote.tick import read_tick
from tests.fuzz.both_sides import BothSides, no_traceback
from tests.fuzz.target import Target, TryOne
from tests.user_side import payload_of

REPOSITORY = Path(__file__).resolve().parents[2]
QUOTE = "DEMO:AAPL:20130301"
FRESH_AFTER = 200  # inputs, so that what they leave does not grow


def make_client_messages(_directory: Path) -> TryOne:
    """Any message of a client is answered with JSON, and no handler fails on it."""
    sides, age = _filled(), 0

    def try_one(data: bytes) -> None:
        nonlocal sides, age
        age += 1
        if age % FRESH_AFTER == 0:
            sides = _filled()
        with no_traceback():
            assert sides.client.send_raw(data) is None
        check_heard(sides)
        assert sides.failures == 0

    return try_one


def make_service_messages(_directory: Path) -> TryOne:
    """Any entry of the list is handled or rejected with a reason, and its effects reach a client as JSON."""
    sides, age = _filled(), 0

    def try_one(data: bytes) -> None:
        nonlocal sides, age
        age += 1
        if age % FRESH_AFTER == 0 or sides.client.wire.closed:
            sides = _filled()
        before = _settled(sides)
        with no_traceback():
            is_fresh = sides.push(data)
        assert _settled(sides) == before + is_fresh
        assert sides.dead_letters.counts[Reason.HANDLER_FAILED] == 0, sides.dead_letters.peek(FRESH_AFTER)
        check_heard(sides)

    return try_one


def make_trades(_directory: Path) -> TryOne:
    """A message of an exchange is a sound tick, nothing, or an error with a reason."""
    shape = TradeShape("X")

    def try_one(data: bytes) -> None:
        try:
            found = shape.read(data)
        except TradeError as error:
            assert str(error)
        else:
            assert found is None or tick_of(read_tick(found[1])).id == found[1].id

    return try_one


def check_heard(sides: BothSides) -> None:
    """Assert that the client got JSON by RFC 8259, in envelopes."""
    for frame, _ in sides.client.wire.frames:
        message = json.loads(payload_of(frame), parse_constant=_refuse)
        assert set(message) <= {"type", "data", "id", "offset"}
    sides.client.wire.frames.clear()


def _settled(sides: BothSides) -> int:
    """Return the number of messages that were handled or rejected. Of impossible times only a part is rejected."""
    counts = sides.dead_letters.counts
    return sum(lane.handled for lane in sides.lanes) + sum(counts.values()) - counts[Reason.BAD_TIME]


def _filled() -> BothSides:
    sides = BothSides()
    for message in _SERVICE_MESSAGES[1:3]:
        sides.push(message)
    for message in _CLIENT_MESSAGES[:2]:
        sides.client.send_raw(message)
    sides.client.wire.frames.clear()
    return sides


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _vectors() -> tuple[bytes, ...]:
    vectors = json.loads((REPOSITORY / "tests/vectors/json_protocol.json").read_text(encoding="utf-8"))
    return tuple(vector["text"].encode() for vector in vectors if vector["direction"] == "to_server")


_CHART = {
    "type": "quote",
    "chart_id": "main",
    "exchange": "DEMO",
    "item": "AAPL",
    "date": "20130301",
    "update": "dynamic",
}
_TOPIC = {"op": "subscribe", "topic_id": "t", "service": "counter", "request": {"name": "a"}, "max_rate": 2}
_CLIENT_MESSAGES = (
    _json({"type": "mycharts", "data": _CHART, "id": 1}),
    _json(
        {
            "type": "mycharts",
            "data": {
                **_CHART,
                "chart_id": 7,
                "period": 0.5,
                "shape": "ohlc",
                "indicators": ["sma:20", "macd", "kdj", "bbands:20,2"],
            },
        }
    ),
    _json({"type": "mycharts", "data": {**_CHART, "update": "static", "period": 60, "indicators": ["ema:3"]}}),
    _json({"type": "mycharts", "data": {"type": "unlisten", "chart_id": "main"}, "id": "x"}),
    _json({"type": "topic", "data": {**_TOPIC, "after": {"epoch": "e1", "seq": 1}}, "id": 3}),
    _json({"type": "topic", "data": {**_TOPIC, "topic_id": 7, "service": "quotes", "request": {"quote": QUOTE}}}),
    _json({"type": "topic", "data": {"op": "unsubscribe", "topic_id": "t"}, "id": "u"}),
    _json({"type": "resume", "data": {"offset": None}, "id": 5}),
    _json({"type": "resume", "data": {"offset": "1000-1"}}),
    _json({"type": "ping", "data": {"a": [1, 2.5, None, True, "€"]}, "id": 2**53 - 1}),
)
_SERVICE_MESSAGES = (
    _json({"type": "quote_alive", "src": "a", "data": {"quotes": [QUOTE, "A:B"]}}),
    _json(
        {"type": "quote", "src": "a", "data": [{"quote": QUOTE, "info": {"point": [n, 10 + n]}} for n in range(5)]}
    ),
    _json(
        {
            "type": "quote",
            "src": "a",
            "data": [{"quote": QUOTE, "info": {"point": [60_000, 1, 2.5, 0.5, 3, 100], "volume": None}}],
        }
    ),
    _json(
        {"type": "quote", "src": "a", "data": [{"quote": "A:B:C", "info": {"point": ["09:30", 5], "volume": 7.5}}]}
    ),
    _json({"type": "pushuser", "src": "a", "data": {"user_id": [1, "2"], "type": "notice", "data": {"text": "hi"}}}),
    _json({"type": "pushuser", "src": "a", "data": {"user_id": "*", "type": "x", "data": None, "keep": False}}),
    _json({"type": "pushuser", "src": "a", "id": "i-1", "data": {"user_id": "1", "type": "x", "data": ["é", 1.50]}}),
    _json({"type": "django_site", "src": "a", "data": {"op": "session_closed", "session_key": "session-of-1"}}),
    _json({"type": "django_site", "src": "a", "data": {"op": "kick", "user_id": 1, "reason": "out"}}),
    _json({"type": "unknown", "src": "", "data": 1}),
)
_WORDS = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"null", b"true", b'"\\ud800"', b'"\\u0000"', b'"type"', b'"data"',
    b'"id"', b'"src"', b'"*"', b'"quote"', b'"mycharts"', b'"ping"', b'"pushuser"', b'"django_site"', b'"unlisten"',
    b'"kick"',
    b'"point"', b'"volume"', b'"chart_id"', b'"period"', b'"indicators"', b'"sma:20"', b'"user_id"', b"[[[[[[[[" * 40,
    b'{"a":' * 60, b"-0", b"1e-400", b"60000", b'"keep"', b"false", b'"max_rate"', b'"resume"',
    b'"offset"', b'"1000-2"', b"\xff",
    b'"topic"', b'"op"', b'"subscribe"', b'"topic_id"', b'"service"', b'"counter"', b'"request"', b'"after"',
)  # fmt: skip

_TRADE = b'{"e":"trade","E":5,"s":"BTCUSDT","t":12345,"p":"0.00100000","q":"100","T":1672515782136,"m":true}'
_TRADES = (_TRADE, b'{"stream":"btcusdt@trade","data":%b}' % _TRADE, b'{"result":null,"id":1}')
_TRADE_WORDS = (*_WORDS, b'"trade"', b"NaN", b"Infinity", b"1e400", b"-1", b"_", b"9" * 4_500, b'{"data":' * 1_500)

MESSAGE_TARGETS = (
    Target("client-messages", make_client_messages, _CLIENT_MESSAGES + _vectors(), _WORDS),
    Target("service-messages", make_service_messages, _SERVICE_MESSAGES, _WORDS),
    Target("trades", make_trades, _TRADES, _TRADE_WORDS),
)

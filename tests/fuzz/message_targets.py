"""What logged-in clients and backends send: JSON, through everything that reads it, up to the last handler."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtserver.base.messages import Message, Subscribe, Unsubscribe
from rtserver.base.queue_port import Entry
from rtserver.handlers.mycharts import MyChartMsgHandler
from rtserver.handlers.ping import PingMsgHandler
from rtserver.service.dispatcher import ServiceMessageDispatcher
from rtserver.service.django_site import DjangoSiteMsgHandler
from rtserver.service.lane import Lane
from rtserver.service.message import Reason
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.push_user import PushUserMsgHandler
from rtserver.service.quote_center import QuoteCenter
from rtserver.service.rejections import Rejections
from rtserver.service.users import Users
from tests.fuzz.target import Target, TryOne
from tests.service_fakes import at_once
from tests.user_side import Client, Online, payload_of

REPOSITORY = Path(__file__).resolve().parents[2]
QUOTE = "DEMO:AAPL:20130301"
FRESH_AFTER = 200  # inputs, so that what they leave does not grow


class Both:
    """The two sides of the server without sockets, threads and Redis: what is posted is handled at once."""

    def __init__(self) -> None:
        self.online = Online(PingMsgHandler, MyChartMsgHandler)
        context = ServiceContext(self._to_users, Users(self._to_users), at_once)
        self.quotes = QuoteCenter(context, history_ticks=50, picture_rows=20)
        handlers = [self.quotes, PushUserMsgHandler(context), DjangoSiteMsgHandler(context)]
        self.rejections = Rejections()
        self.lanes = [Lane(handler, self.rejections) for handler in handlers]
        self.dispatcher = ServiceMessageDispatcher(self.lanes, self.rejections)
        self.online.on_post = self._to_services
        self.number = 0
        self.client = self.connect()

    def connect(self) -> Client:
        """The client that the inputs come from, or go to."""
        return self.online.connect()

    def push(self, raw: bytes) -> None:
        """A message of a backend, from the bus to the handlers."""
        self.number += 1
        self.dispatcher.dispatch([Entry(f"1-{self.number}", raw)])
        for lane in self.lanes:
            lane.work()

    def _to_users(self, message: Message) -> None:
        self.online.users.handle(message)

    def _to_services(self, message: Message) -> None:
        if isinstance(message, Subscribe):
            self.quotes.on_subscribe(message)
        elif isinstance(message, Unsubscribe):
            self.quotes.on_unsubscribe(message)


def make_client_messages(_directory: Path) -> TryOne:
    """Whatever a client says is answered with JSON, and no handler fails on it."""
    both = _filled()

    def try_one(data: bytes) -> None:
        nonlocal both
        if both.number > FRESH_AFTER:
            both = _filled()
        both.number += 1
        with no_traceback():
            pending = both.client.send_raw(data)
        assert pending is None
        for frame, _ in both.client.wire.frames:
            message = json.loads(payload_of(frame), parse_constant=_refuse)
            assert set(message) <= {"type", "data", "id"}
        both.client.wire.frames.clear()
        assert both.online.users.table.failures == 0

    return try_one


def make_service_messages(_directory: Path) -> TryOne:
    """Whatever is on the bus is handled or rejected with a reason, and what it leads to reaches a client as JSON."""
    both = _filled()

    def try_one(data: bytes) -> None:
        nonlocal both
        if both.number > FRESH_AFTER or both.client.wire.closed:
            both = _filled()
        before = (sum(lane.handled for lane in both.lanes), sum(both.rejections.counts.values()))
        with no_traceback():
            both.push(data)
        after = (sum(lane.handled for lane in both.lanes), sum(both.rejections.counts.values()))
        assert sum(after) == sum(before) + 1
        assert both.rejections.counts[Reason.HANDLER_FAILED] == 0, both.rejections.peek(10)
        for frame, _ in both.client.wire.frames:
            json.loads(payload_of(frame), parse_constant=_refuse)
        both.client.wire.frames.clear()

    return try_one


def _filled() -> Both:
    both = Both()
    for message in _SERVICE_MESSAGES[:2]:
        both.push(message)
    for message in _CLIENT_MESSAGES[:2]:
        both.client.send_raw(message)
    both.client.wire.frames.clear()
    return both


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


class _Raiser(logging.Handler):
    """A traceback in the log is something that nobody has thought of."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self.found = error

    found: BaseException | None = None


@contextmanager
def no_traceback() -> Iterator[None]:
    """Raise what the server logs with its traceback."""
    raiser = _Raiser()
    log = logging.getLogger("rtserver")
    log.addHandler(raiser)
    try:
        yield
    finally:
        log.removeHandler(raiser)
    if raiser.found is not None:
        raise AssertionError("there is a traceback in the log") from raiser.found


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
    _json({"type": "ping", "data": {"a": [1, 2.5, None, True, "€"]}, "id": 2**53 - 1}),
)
_SERVICE_MESSAGES = (
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
    _json({"type": "pushuser", "src": "a", "data": {"user_id": "*", "type": "x", "data": None}}),
    _json({"type": "django_site", "src": "a", "data": {"op": "session_closed", "session_key": "session-of-1"}}),
    _json({"type": "django_site", "src": "a", "data": {"op": "kick", "user_id": 1, "reason": "out"}}),
    _json({"type": "unknown", "src": "", "data": 1}),
)
_WORDS = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"null", b"true", b'"\\ud800"', b'"\\u0000"', b'"type"', b'"data"',
    b'"id"', b'"src"', b'"*"', b'"quote"', b'"mycharts"', b'"ping"', b'"pushuser"', b'"django_site"', b'"unlisten"',
    b'"kick"',
    b'"point"', b'"volume"', b'"chart_id"', b'"period"', b'"indicators"', b'"sma:20"', b'"user_id"', b"[[[[[[[[" * 40,
    b'{"a":' * 60, b"-0", b"1e-400", b"60000", b'"keep"', b"false", b'"max_rate"', b'"resume"', b'"offset"',
)  # fmt: skip

MESSAGE_TARGETS = (
    Target("client-messages", make_client_messages, _CLIENT_MESSAGES + _vectors(), _WORDS),
    Target("service-messages", make_service_messages, _SERVICE_MESSAGES, _WORDS),
)

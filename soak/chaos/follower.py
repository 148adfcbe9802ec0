"""A careful client's state: it shows each message once and in order, over all its connections.

Pure: messages in, messages to send out. Keeps the client's rules of docs/csprotocols.readme.md: ``resume`` after
``userinfo``, what is live is held back until the answer, what is not newer than the last offset is dropped; charts
are asked for again on each connection.
"""

from collections.abc import Callable, Sequence
from typing import Any

from soak.chaos.chart_copy import ChartCopy

Message = dict[str, Any]
Offset = tuple[int, int]

FIRST_DELAY, LONGEST_DELAY = 0.5, 2.0  # less patient than a browser, which waits up to 30 s
STABLE_SECONDS = 10.0
DEFAULT_HEARTBEAT_MS = 25_000


def offset_of(text: str | None) -> Offset | None:
    """An offset as what it is compared by: two whole numbers."""
    if text is None:
        return None
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number)


class Follower:
    """One page over all its connections. ``show`` gets every message that the page would show.

    ``resumed`` and ``resumes_lost`` count the answers, ``dropped`` what the offset rule took away.
    """

    def __init__(self, charts: Sequence[ChartCopy], show: Callable[[Message], object]) -> None:
        self.charts = {chart.chart_id: chart for chart in charts}
        self.heartbeat_ms = DEFAULT_HEARTBEAT_MS
        self.after_ms: int | None = None
        """When the server asked us to come back, on this connection."""
        self.is_welcome = False
        self.resumed = 0
        self.resumes_lost = 0
        self.dropped = 0
        self.errors: list[Message] = []
        self._show = show
        self._last: str | None = None
        self._said: str | None = None
        self._begins: Offset | None = None
        self._held: list[tuple[Offset, Message]] | None = None
        self._is_lagging = False
        self._is_complete = False

    @property
    def is_complete(self) -> bool:
        """Tell whether all that it had missed on this connection has been resumed."""
        return self._is_complete

    def on_open(self) -> None:
        """A connection is there; nothing of the former one counts."""
        self.after_ms = None
        self.is_welcome = False
        self._said = None
        self._is_complete = False
        self._held = None
        self._is_lagging = False

    def on_message(self, message: Message) -> list[Message]:
        """Take a message, and return the answers to it."""
        handle = self._handlers().get(message["type"], self._on_numbered)
        return handle(message) or []

    def seen(self) -> Message | None:
        """Return the message that says up to which offset all is shown; None for nothing new."""
        if not self._is_complete or self._said == self._last:
            return None
        self._said = self._last
        return {"type": "seen", "data": {"offset": self._last}}

    def _handlers(self) -> dict[str, Callable[[Message], list[Message] | None]]:
        return {
            "userinfo": self._on_userinfo,
            "mycharts": self._on_chart,
            "resumed": self._on_resumed,
            "resume_lost": self._on_resume_lost,
            "reconnect": self._on_reconnect,
            "notice": self._on_notice,
            "error": self._on_error,
            "ping": lambda message: None,
        }

    def _on_userinfo(self, message: Message) -> list[Message]:
        data = message["data"]
        self.heartbeat_ms = data["heartbeat_ms"]
        self.is_welcome = True
        asked = [chart.request() for chart in self.charts.values()]
        if "offset" not in data:
            return asked  # a server that keeps nothing
        self._begins = offset_of(data["offset"])
        self._held = []
        return [{"type": "resume", "data": {"offset": self._last}, "id": "resume"}, *asked]

    def _on_resumed(self, message: Message) -> None:
        self.resumed += 1
        self._is_complete = True
        self._let_go()
        if self._begins is not None and self._begins > (offset_of(self._last) or (0, 0)):
            self._last = "{}-{}".format(*self._begins)

    def _on_resume_lost(self, message: Message) -> None:
        self.resumes_lost += 1
        self._let_go()

    def _on_reconnect(self, message: Message) -> None:
        self.after_ms = message["data"]["after_ms"]

    def _on_notice(self, message: Message) -> list[Message]:
        """A lagging chart's gaps are mended when it lags no longer."""
        data = message["data"]
        if not isinstance(data, dict) or data.get("code") != "lag":
            return []
        was, self._is_lagging = self._is_lagging, bool(data["lagging"])
        return [chart.request() for chart in self.charts.values()] if was and not self._is_lagging else []

    def _on_error(self, message: Message) -> None:
        self.errors.append(message)
        if message.get("id") == "resume":
            self._let_go()

    def _on_chart(self, message: Message) -> list[Message]:
        data = message["data"]
        if data["type"] != "render":
            return []
        chart = self.charts[data["chart_id"]]
        is_gap = chart.on_render(data, message.get("id"))
        self._show(message)
        return [chart.request()] if is_gap and not self._is_lagging else []

    def _on_numbered(self, message: Message) -> None:
        offset = offset_of(message.get("offset"))
        if self._held is not None and offset is not None and (self._begins is None or offset > self._begins):
            self._held.append((offset, message))
        else:
            self._pass(message, offset)

    def _let_go(self) -> None:
        """Sorted, for a server that cannot say yet where its live messages begin sends both kinds mixed."""
        held, self._held = self._held or [], None
        for offset, message in sorted(held, key=lambda pair: pair[0]):
            self._pass(message, offset)

    def _pass(self, message: Message, offset: Offset | None) -> None:
        """The offset rule: what is not newer than the last one that was shown has been shown."""
        last = offset_of(self._last)
        if offset is not None and last is not None and offset <= last:
            self.dropped += 1
            return
        self._last = message.get("offset", self._last)
        self._show(message)


class Backoff:
    """Pauses between attempts: random up to a limit that doubles, as browsers do (docs/csprotocols.readme.md)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._attempts = 0
        self._opened_at: float | None = None

    def on_open(self, now: float) -> None:
        """A connection was made, at ``now`` seconds."""
        self._opened_at = now

    def delay(self, now: float) -> float:
        """Seconds until the next attempt, from ``now``, when the connection, or the attempt, was lost."""
        if self._opened_at is not None and now - self._opened_at >= STABLE_SECONDS:
            self._attempts = 0
        self._opened_at = None
        limit = min(LONGEST_DELAY, FIRST_DELAY * 2.0**self._attempts)
        self._attempts += 1
        return self._random() * limit

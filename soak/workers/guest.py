"""Guest: one client of a crowd, over all its connections. Pure: messages and the time in, messages out.

A ``Stayer`` is a page that stays: it follows, resumes and comes back. A ``Knocker`` comes again and again, and leaves
when it has been let in: it finds out whether newcomers are refused.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import msgspec

from rtserver.base.wire.close_code import CloseCode, may_reconnect
from rtserver.bench.client.websocket import ClientProtocol
from soak.chaos.follower import Backoff, Follower
from soak.workers.report import GREETED, SENT_ON

USERINFO = b'{"type":"userinfo"'

encode, decode = msgspec.json.encode, msgspec.json.decode


class Guest(Protocol):
    """One client that a ``Crowd`` connects. ``address`` is where it comes from."""

    address: str

    def begin(self) -> ClientProtocol:
        """Begin an attempt, and return its wire."""

    def take(self, payloads: Sequence[bytes], now: float) -> list[bytes]:
        """Take messages, and return the answers."""

    def remark(self) -> bytes | None:
        """Return what it has to say without being asked, if anything. Asked about once a second."""

    @property
    def is_leaving(self) -> bool:
        """True when it wants its connection to be closed."""

    def on_end(self, code: int, reason: str, now: float) -> float:
        """Note the end of a connection or of an attempt; 1000 if it left. Return the seconds until the next one."""


class Stayer:
    """A page of one user. ``returns`` are the moments at which it had everything again, for each connection.

    ``losses`` are the ends of its connections, as (moment, close code); ``failures`` the attempts that failed.
    """

    is_leaving = False

    def __init__(self, address: str, request: bytes, follower: Follower, backoff: Backoff) -> None:
        self.address = address
        self.follower = follower
        self.losses: list[tuple[float, int]] = []
        self.returns: list[float] = []
        self.failures: list[tuple[float, str]] = []
        self.is_whole = False
        """True while it is connected, has resumed, and its charts are drawn."""
        self._request = request
        self._backoff = backoff
        self._was_welcome = False

    def begin(self) -> ClientProtocol:
        """See ``Guest``."""
        self.follower.on_open()
        self._was_welcome = False
        return ClientProtocol(self._request)

    def take(self, payloads: Sequence[bytes], now: float) -> list[bytes]:
        """See ``Guest``."""
        follower = self.follower
        answers = [encode(answer) for each in payloads for answer in follower.on_message(decode(each))]
        if not self.is_whole:
            if follower.is_welcome and not self._was_welcome:
                self._was_welcome = True
                self._backoff.on_open(now)
            if follower.is_complete and all(chart.is_drawn for chart in follower.charts.values()):
                self.is_whole = True
                self.returns.append(now)
        return answers

    def remark(self) -> bytes | None:
        """See ``Guest``."""
        seen = self.follower.seen()
        return None if seen is None else encode(seen)

    def on_end(self, code: int, reason: str, now: float) -> float:
        """See ``Guest``. Raises ``RuntimeError`` if it was sent away for good."""
        if not may_reconnect(code):
            raise RuntimeError(f"a page was closed for good: {code} {reason}")
        if self._was_welcome:
            self.losses.append((now, code))
        else:
            self.failures.append((now, f"{code} {reason}"))
        self.is_whole = False
        after_ms = self.follower.after_ms
        delay = self._backoff.delay(now)
        return delay if after_ms is None else after_ms / 1000


class Knocker:
    """Somebody who comes every ``interval`` seconds and leaves. ``outcomes`` counts how it fared, by words."""

    def __init__(self, address: str, request: bytes, interval: float) -> None:
        self.address = address
        self.outcomes: Counter[str] = Counter()
        self.is_leaving = False
        self._request = request
        self._interval = interval

    def begin(self) -> ClientProtocol:
        """See ``Guest``."""
        self.is_leaving = False
        return ClientProtocol(self._request)

    def take(self, payloads: Sequence[bytes], now: float) -> list[bytes]:
        """See ``Guest``."""
        self.is_leaving = self.is_leaving or any(payload.startswith(USERINFO) for payload in payloads)
        return []

    def remark(self) -> bytes | None:
        """See ``Guest``."""
        return None

    def on_end(self, code: int, reason: str, now: float) -> float:
        """See ``Guest``."""
        self.outcomes[self._outcome(code, reason)] += 1
        return self._interval

    def _outcome(self, code: int, reason: str) -> str:
        if self.is_leaving:
            return GREETED
        return SENT_ON if code == CloseCode.DRAINING else f"{code} {reason}".strip()

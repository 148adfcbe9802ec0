"""The websocket thread's application side without sockets and services: everything is real except the two ends.

``Wire`` stands for a socket and keeps the frames, ``Site`` for Django's sessions, and what is posted to the services
stays in a list. Time is ``Online.now``.
"""

import json
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rtserver.base.bridge.message import Message
from rtserver.base.limit.cpu_quota import CallLater
from rtserver.base.wire.frame import text_frame
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.policy import Rights
from rtserver.user.topic.board import Topics
from rtserver.user.user_agent import UserAgent
from rtserver.user.user_limits import UserBounds, UserLimits
from rtserver.user.user_manager import UserManager


def payload_of(frame: bytes) -> bytes:
    """The payload of a whole, unmasked text frame (RFC 6455, section 5.2)."""
    assert frame[0] == 0x81, frame[:2]
    start, length = 2, frame[1]
    if length >= 126:
        start = 4 if length == 126 else 10
        length = int.from_bytes(frame[2:start], "big")
    assert len(frame) == start + length
    return frame[start:]


class StillTime:
    """An event loop's clock and timers; time passes when the test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.alarms: list[StillAlarm] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object]) -> "StillAlarm":
        alarm = StillAlarm(when, callback, self.alarms)
        self.alarms.append(alarm)
        return alarm

    def call_later(self, seconds: float, callback: Callable[[], object]) -> "StillAlarm":
        return self.call_at(self.now + seconds, callback)

    def pass_by(self, seconds: float) -> None:
        """Let time pass, and ring what is due at its moment."""
        end = self.now + seconds
        while due := [alarm for alarm in self.alarms if alarm.when <= end]:
            first = min(due, key=lambda alarm: alarm.when)
            first.cancel()
            self.now = max(self.now, first.when)
            first.callback()
        self.now = end


@dataclass(eq=False)
class StillAlarm:
    """One timer."""

    when: float
    callback: Callable[[], object]
    among: list["StillAlarm"]

    def cancel(self) -> None:
        if self in self.among:
            self.among.remove(self)


class Wire:
    """A connection that keeps what is pushed. Like the real one it tells its owner once when it ends."""

    framing = staticmethod(text_frame)

    def __init__(self, users: UserManager) -> None:
        self.frames: list[tuple[bytes, Hashable | None]] = []
        self.session: UserAgent | None = None
        self.closed: tuple[int, str] | None = None
        self.remote_ip = "192.0.2.1"
        self._users = users

    @property
    def is_open(self) -> bool:
        return self.closed is None

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        if self.is_open:
            self.frames.append((frame, key))

    def close(self, code: int, reason: str = "") -> None:
        if not self.is_open:
            return
        self.closed = (code, reason)
        if self.session is not None:
            self._users.on_close(self.session, code)

    def take(self) -> list[dict[str, Any]]:
        """The messages since the last look."""
        messages = [json.loads(payload_of(frame)) for frame, _ in self.frames]
        self.frames.clear()
        return messages


@dataclass
class Site:
    """Sessions by key, and those that are ``known`` without a look-up.

    ``outage`` comes instead of an answer, for every key or for those in ``broken``.
    """

    sessions: dict[str, Identity] = field(default_factory=dict)
    known: dict[str, Identity] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    outage: Exception | None = None
    broken: set[str] = field(default_factory=set)
    forgotten: int = 0
    on_look_up: Callable[[str], object] = lambda session_key: None

    def credential(self, request: str) -> str | None:
        return request or None

    async def look_up_many(self, session_keys: Sequence[str]) -> dict[str, Identity | Exception | None]:
        return {session_key: self._outcome(session_key) for session_key in session_keys}

    def maybe_known(self, session_key: str) -> Identity | None:
        return self.known.get(session_key)

    async def look_up(self, session_key: str) -> Identity | None:
        outcome = self._outcome(session_key)
        self.on_look_up(session_key)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def forget_answers(self) -> None:
        self.forgotten += 1

    def _outcome(self, session_key: str) -> Identity | Exception | None:
        self.asked.append(session_key)
        if self.outage is not None and (not self.broken or session_key in self.broken):
            return self.outage
        return self.sessions.get(session_key)


class Client:
    """One open connection."""

    def __init__(self, users: UserManager, identity: Identity) -> None:
        self.wire = Wire(users)
        self._users = users
        agent = users.on_open(self.wire, identity)
        self.wire.session = agent
        self.agent: UserAgent = agent  # type: ignore[assignment]

    def send(self, type: str, data: Any = None, **more: Any) -> Awaitable[object] | None:  # noqa: A002
        return self.send_raw(json.dumps({"type": type, "data": data, **more}).encode())

    def send_raw(self, payload: bytes) -> Awaitable[object] | None:
        return self._users.on_text(self.agent, payload)

    def ask(self, type: str, data: Any = None, **more: Any) -> list[dict[str, Any]]:  # noqa: A002
        """Send a message that is handled at once, and take what came back."""
        assert self.send(type, data, **more) is None
        return self.wire.take()

    def leave(self) -> None:
        """The client's end of the connection closes."""
        self.wire.close(1001)


class HeardPresence:
    """Notes which users come and go, in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def came(self, user_id: str) -> None:
        """See ``Presence``."""
        self.heard.append(f"+{user_id}")

    def went(self, user_id: str) -> None:
        """See ``Presence``."""
        self.heard.append(f"-{user_id}")


class Online:
    """A UserManager with its handlers, and everything it posted."""

    def __init__(
        self,
        *handlers: Callable[[UserManager], BaseUserMsgHandler],
        rights: Rights | None = None,
        bounds: UserBounds | None = None,
        call_later: CallLater | None = None,
    ) -> None:
        self.now = 1000.0
        self.posted: list[Message] = []
        self.site = Site()
        self.time = StillTime()
        self.presence = HeardPresence()
        self.topics = Topics(timing=self.time)
        self.users = UserManager(
            handlers,
            self.topics,
            self._post,
            self.site,
            epoch="e1",
            rights=rights,
            limits=UserLimits(bounds, clock=lambda: self.now, call_later=call_later, cpu_clock=lambda: self.now),
            heartbeat_ms=20_000,
            presence=self.presence,
            clock=lambda: self.now,
        )
        self.on_post: Callable[[Message], object] = lambda message: None

    def connect(self, user_id: int | str = 1, name: str = "ann", session_key: str = "") -> Client:
        """A new connection of a user, whose userinfo has been read already."""
        client = self.open(user_id, name, session_key)
        client.wire.take()
        return client

    def open(self, user_id: int | str = 1, name: str = "ann", session_key: str = "") -> Client:
        """A new connection of a user."""
        identity = Identity(user_id, name, session_key or f"session-of-{user_id}")
        self.site.sessions[identity.session_key] = identity
        return Client(self.users, identity)

    def take_posted(self) -> list[Message]:
        """Return the messages posted to the services since the last call."""
        posted = self.posted.copy()
        self.posted.clear()
        return posted

    def _post(self, message: Message) -> None:
        self.posted.append(message)
        self.on_post(message)

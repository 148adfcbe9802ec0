"""``/healthz`` and ``/readyz``: whether the process lives, and whether it can do its work right now.

This file decides what the answers look like. The probes decide what "ready" means.
"""

import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

from rtserver.base.wire.json import encodable
from rtserver.registry.running_server import RunningServer
from rtserver.watch.canary_trail import CanaryTrail
from tcelib.limit.memory_guard import MemoryGuard


class Reading(NamedTuple):
    """Result of a probe."""

    name: str
    ok: bool
    detail: str


Refusal = Callable[[HTTPServerRequest], str]
"""Returns why a sender gets no details; empty for a sender who gets them."""

AskServers = Callable[[], Awaitable[Sequence[RunningServer]]]
"""Returns the servers that share the Redis, those that were there when it last answered. Never waits for long."""

Probe = Callable[[], Reading]
"""Called on the event loop's thread for every question; reads what is known and never waits."""


def beat_probe(
    name: str, last_beat: Callable[[], float], limit: float, now: Callable[[], float] = time.monotonic
) -> Probe:
    """Return a probe of something that beats while it turns: ready while the last beat is at most ``limit``
    seconds old.
    """

    def probe() -> Reading:
        age = now() - last_beat()
        return Reading(name, age <= limit, f"last turn {age:.1f} s ago")

    return probe


def canary_probe(trail: CanaryTrail, now: Callable[[], float] = time.monotonic) -> Probe:
    """Return a probe of all stages of a message at once."""

    def probe() -> Reading:
        if not trail.interval:
            return Reading("canary", True, "off")
        detail = f"a message that came back was sent {trail.age(now()):.1f} s ago"
        is_late = trail.is_late(now())
        return Reading("canary", not is_late, f"{detail}; {trail.meaning()}" if is_late else detail)

    return probe


def memory_probe(guard: MemoryGuard) -> Probe:
    """Return a probe of the process's memory."""
    return lambda: Reading("memory", not guard.is_full, guard.detail)


def loops_probe(failing: Callable[[], Sequence[str]]) -> Probe:
    """Return a probe of the service thread's loops. ``failing()`` names those that are dead, or keep dying."""

    def probe() -> Reading:
        names = failing()
        return Reading("lanes", not names, f"dead, or keep dying: {', '.join(names)}" if names else "alive")

    return probe


@dataclass(frozen=True)
class Readiness:
    """Answer to whether the server called ``worker`` is ready, and why not. Belongs to the event loop's thread."""

    worker: str
    probes: Sequence[Probe]
    servers: AskServers

    def is_ready(self) -> bool:
        """Return whether all probes are ready."""
        return all(probe().ok for probe in self.probes)

    async def tell(self) -> dict[str, object]:
        """Return ``{"ready": bool, "worker": name, "pid": int, "checks": [...], "servers": [...]}``.

        A check is ``{"name", "ok", "detail"}``, a server ``{"name", "version", "users", "connections", "since",
        "types"}``. If several servers share a port, ``worker`` and ``pid`` tell which of them answered.
        """
        readings = [probe() for probe in self.probes]
        return {
            "ready": all(reading.ok for reading in readings),
            "worker": encodable(self.worker),
            "pid": os.getpid(),
            "checks": [reading._asdict() for reading in readings],
            "servers": [_told(server) for server in await self.servers()],
        }


class _PlainHandler(RequestHandler):
    """Answers for monitors, never cached."""

    def set_default_headers(self) -> None:
        """Called by Tornado, for errors as well."""
        self.set_header("Cache-Control", "no-store")


class AliveHandler(_PlainHandler):
    """``/healthz``: 200 as long as the event loop turns. That is all that an answer proves."""

    def get(self) -> None:
        """Answer ``{"alive": true}``."""
        self.finish({"alive": True})


class ReadyHandler(_PlainHandler):
    """``/readyz``: 200 if all probes are ready, else 503.

    Route it with ``{"readiness": Readiness, "refusal": f}``. Everyone is told whether the server is ready;
    only a sender without a refusal gets the readings.
    """

    def initialize(self, readiness: Readiness, refusal: Refusal) -> None:
        """Called by Tornado with the route's arguments."""
        self._readiness = readiness
        self._refusal = refusal

    async def get(self) -> None:
        """Answer with ``Readiness.tell``, or ``ready`` alone."""
        readiness = self._readiness
        is_open = not self._refusal(self.request)
        answer = await readiness.tell() if is_open else {"ready": readiness.is_ready()}
        self.set_status(200 if answer["ready"] else 503)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(answer))


def _told(server: RunningServer) -> dict[str, object]:
    """Return a server as JSON can say it: other programs may have written its texts."""
    texts = {"name": encodable(server.name), "version": encodable(server.version)}
    return {**server._asdict(), **texts, "types": [encodable(each) for each in server.types]}

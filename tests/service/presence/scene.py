"""The service of presence on one or several servers that share a registry, and what each has posted."""

from collections.abc import Callable
from typing import Any

import msgspec

from rtserver.base.bridge.message import Message, Refused, Snapshot, Subscribe, Unsubscribe, Update
from rtserver.registry.memory_presence import MemoryPresence
from rtserver.registry.presence import Linger
from rtserver.registry.presence_follower import PresenceFollower
from rtserver.registry.presence_scope import Offer
from rtserver.service.message import encode
from rtserver.service.presence.channel_member import ChannelMembers
from rtserver.service.presence.presence_loop import PresenceLoop
from rtserver.service.presence.presence_service import PresenceService
from rtserver.service.presence.teller import PresenceTeller
from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import Registration

OFFERED = ("all", "channels", "group:staff")
LINGER = Linger()


class Registry:
    """A registry whose clock the test moves. All servers see the same time."""

    def __init__(self) -> None:
        self.now = 1_764_000_000.0
        self.leases = MemoryLeases(lambda: self.now)
        self.port = MemoryPresence(self.leases)
        self.leases.join(Registration("gateway", "g"), 1e6)
        self.wait(100)

    def wait(self, seconds: float) -> None:
        self.now += seconds


class Flag:
    """An event of which it is only noted that it is set."""

    def __init__(self) -> None:
        self.is_set = False

    def set(self) -> None:
        self.is_set = True

    def clear(self) -> None:
        self.is_set = False

    def wait(self) -> None:
        assert self.is_set


class Server:
    """One server: its lease, its service, and its loop, which turns when the test says so."""

    def __init__(self, registry: Registry, name: str, *, tells: bool = False) -> None:
        self.registry = registry
        leases = registry.leases
        self.number = leases.join(Registration("worker", name, holds=("user", "member")), 1e6)
        self.posted: list[Message] = []
        self.timers: list[tuple[float, Callable[[], object]]] = []
        self.wanted = Flag()
        self.follower = PresenceFollower(leases, registry.port, {"user", "member"}, LINGER)
        offer = Offer(OFFERED)
        self.service = PresenceService(
            self.follower,
            offer,
            ChannelMembers(self._hold, self._drop),
            self.posted.append,
            call_later=lambda seconds, call: self.timers.append((registry.now + seconds, call)),
            wake=self.wanted.set,
        )
        teller = PresenceTeller(
            registry.port,
            lambda kind, data, name: encode(kind, "rt", data, name),
            ended_ms=LINGER.ended_ms,
            pause=lambda seconds: None,
        )
        self.loop = PresenceLoop(
            self.follower,
            self.service,
            offer,
            teller if tells else None,
            wanted=self.wanted,
            begun=Flag(),
            pause=registry.wait,
            now=lambda: registry.now,
            is_ending=lambda: False,
        )

    def hold(self, *users: str) -> None:
        self.registry.leases.hold(self.number, "user", users)
        self.registry.wait(0.001)

    def drop(self, *users: str) -> None:
        self.registry.leases.drop(self.number, "user", users)
        self.registry.wait(0.001)

    def subscribe(
        self,
        request: Any = None,
        *,
        agent: int = 1,
        ref: int = 1,
        user: str = "7",
        known: tuple[str, int] | None = None,
    ) -> Snapshot | Refused | None:
        """Subscribe, and return the answer if there is one already."""
        request = {"scope": "all"} if request is None else request
        self.service.on_subscribe(Subscribe(agent, ref, "presence", request, user, None, known))
        return self.answer(agent, ref)

    def unsubscribe(self, *, agent: int = 1, ref: int = 1) -> None:
        self.service.on_unsubscribe(Unsubscribe(agent, ref, "presence"))

    def answer(self, agent: int = 1, ref: int = 1) -> Snapshot | Refused | None:
        answers = [each for each in self.posted if isinstance(each, Snapshot | Refused)]
        return next((each for each in reversed(answers) if (each.agent, each.ref) == (agent, ref)), None)

    def turn(self) -> None:
        self.registry.wait(0.001)
        self.loop.turn()

    def ring(self) -> None:
        """Call what is due."""
        for timer in [timer for timer in self.timers if timer[0] <= self.registry.now]:
            self.timers.remove(timer)
            timer[1]()

    def take(self) -> list[Message]:
        posted = self.posted.copy()
        self.posted.clear()
        return posted

    def updates(self) -> list[dict[str, Any]]:
        """Take the differences that were posted."""
        return [
            msgspec.json.decode(row[1])
            for message in self.take()
            if isinstance(message, Update)
            for row in message.payload
            if isinstance(row[1], bytes)
        ]

    def _hold(self, what: str, item: str) -> None:
        self.registry.leases.hold(self.number, what, [item])

    def _drop(self, what: str, item: str) -> None:
        self.registry.leases.drop(self.number, what, [item])


class Page:
    """A client of one scope, as the protocol wants it: what it knows, and by which number."""

    def __init__(self) -> None:
        self.users: set[str] = set()
        self.place: tuple[str, int] | None = None
        self.listings = 0
        self.is_answered = False

    def ask(self, server: Server, ref: int) -> None:
        """Subscribe, with what is known."""
        self.is_answered = False
        server.subscribe(known=self.place, ref=ref)

    def take(self, messages: list[Message], ref: int = 1) -> bool:
        """Take what a server has posted to it. Return False if something is missing."""
        for message in messages:
            if isinstance(message, Snapshot) and message.ref == ref:
                self._take_snapshot(message)
            elif isinstance(message, Update) and self.is_answered:
                if message.needs_picture or self.place is None or message.prev_seq != self.place[1]:
                    return False
                self._apply(message.payload)
                self.place = (self.place[0], message.seq)
        return True

    def _take_snapshot(self, message: Snapshot) -> None:
        self.is_answered = True
        if message.payload is None:
            known = message.seq if message.known_as is None else message.known_as
            assert self.place == (message.epoch, known)
        else:
            self.listings += 1
            self.users = set(msgspec.json.decode(message.payload)["users"])
        self._apply(message.later)
        self.place = (message.epoch, message.seq + len(message.later))

    def _apply(self, rows: tuple[Any, ...]) -> None:
        for _, data in rows:
            said = msgspec.json.decode(data)
            self.users = (self.users | set(said["joins"])) - set(said["leaves"])

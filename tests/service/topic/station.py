"""A subscribable service of counters, what it was told, and what it has posted. Timers ring when a test says so."""

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from rtserver.base.bridge.message import Message, Refused, Snapshot, Subscribe, Unsubscribe
from rtserver.base.limit.cpu_quota import FairShares
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.topic.subscribable import SubscribableMsgHandler
from rtserver.service.user_commands import UserCommands


class Counter(msgspec.Struct, frozen=True):
    """The request: a counter's name."""

    name: str


class Counters(SubscribableMsgHandler):
    """Counters by name. ``heard`` has the hooks that were called; ``on_hook`` may do something inside of each."""

    msg_type = "counter"
    request_type = Counter

    def __init__(self, services: ServiceContext) -> None:
        super().__init__(services)
        self.counts: dict[str, int] = {}
        self.heard: list[str] = []
        self.on_hook: Callable[[str], object] = lambda hook: None

    def topic_of(self, request: Counter) -> str:
        if not request.name:
            raise BadData("a counter has a name")
        return request.name

    def on_subscribe(self, request: Counter) -> dict[str, int]:
        counted = self.counts.get(request.name, 0)
        self._note(f"asked {request.name}")
        return {"count": counted}

    def on_first_viewer(self, request: Counter) -> None:
        self._note(f"first {request.name}")

    def on_last_viewer(self, request: Counter) -> None:
        self._note(f"last {request.name}")

    def count(self, name: str, key: str | None = None) -> None:
        """Count one more, and publish it."""
        self.counts[name] = self.counts.get(name, 0) + 1
        self.publish(name, {"count": self.counts[name]}, key)

    def _note(self, hook: str) -> None:
        self.heard.append(hook)
        self.on_hook(hook)


class KeptCounters(Counters):
    """The same, with the last three updates."""

    keep: ClassVar[int] = 3


class Station:
    """The service, its context and the time."""

    def __init__(
        self,
        service: type[Counters] = Counters,
        *,
        shares: FairShares | None = None,
        sizes: MessageSizeLimit | None = None,
        post: Callable[[Message], object] | None = None,
    ) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], object]]] = []
        self.posted: list[Message] = []
        post = post or self.posted.append
        context = ServiceContext(
            post,
            UserCommands(post),
            lambda fn, *args: fn(*args),
            call_later=lambda seconds, call: self.timers.append((self.now + seconds, call)),
            shares=shares,
            sizes=sizes or MessageSizeLimit(),
        )
        self.service = service(context)

    def ask(
        self, name: str = "a", *, agent: int = 1, ref: int = 1, after: int | None = None, request: Any = None
    ) -> None:
        """Subscribe."""
        asked = {"name": name} if request is None else request
        self.service.topics.on_subscribe(Subscribe(agent, ref, "counter", asked, "7", after))
        self.turn()

    def subscribe(self, name: str = "a", *, agent: int = 1, ref: int = 1, **more: Any) -> Snapshot | Refused:
        """Subscribe, and return the answer."""
        self.ask(name, agent=agent, ref=ref, **more)
        answers = [each for each in self.posted if isinstance(each, Snapshot | Refused)]
        return next(each for each in reversed(answers) if (each.agent, each.ref) == (agent, ref))

    def unsubscribe(self, *, agent: int = 1, ref: int = 1) -> None:
        self.service.topics.on_unsubscribe(Unsubscribe(agent, ref, "counter"))
        self.turn()

    def turn(self, seconds: float = 0.0) -> None:
        """Let time pass, and ring what is due."""
        self.now += seconds
        while due := [timer for timer in self.timers if timer[0] <= self.now]:
            self.timers.remove(due[0])
            due[0][1]()

    def take(self) -> list[Message]:
        """Return the messages posted since the last look."""
        self.turn()
        posted = self.posted.copy()
        self.posted.clear()
        return posted

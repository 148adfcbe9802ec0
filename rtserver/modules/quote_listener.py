"""A connection's memberships in feeds: asked for by name, answered by a picture, followed until they are given up.

Decides when a membership begins and ends. What a picture looks like is the watcher's business, the numbers are the
quote service's.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rtserver.base.bridge.message import Refused, Snapshot, Update
from rtserver.base.limit.steps import Steps
from rtserver.modules.user_agent_module import BaseUserAgentModule
from rtserver.user.policy import ForbiddenError
from rtserver.user.topic.board import Held
from rtserver.user.topic.subscriber import Draw
from rtserver.user.user_agent import UserAgent

QUOTES = "quotes"
NO_REF = 0  # of a subscription that never was; real ones begin at 1


class Watcher(Protocol):
    """Who wants to see a feed."""

    def prepare(self, snapshot: Snapshot) -> Steps[None]:
        """Do what takes long, in steps, before ``on_picture``; between the steps the feed may be given up."""

    def on_picture(self, snapshot: Snapshot) -> tuple[Hashable, Draw] | None:
        """Show the feed as it stands. What is returned, if anything, shows what follows: see ``Topics.join``."""

    def on_refused(self, refused: Refused) -> None:
        """There is no such feed, or not for this user, or not any more."""


@dataclass(slots=True)
class Membership:
    """One name's place in a feed. ``place`` is (topic, group) from the picture on, ``rate`` how often it is shown."""

    name: Hashable
    watcher: Watcher
    ref: int
    rate: float | None = None
    place: tuple[str, Hashable] | None = None
    held: Held | None = None

    def release(self) -> Sequence[Update]:
        """What was held, which is held no more."""
        held, self.held = self.held, None
        return () if held is None else held.end()


class QuoteListener(BaseUserAgentModule):
    """The feeds that one agent listens to, each under a name of its own."""

    def __init__(self, agent: UserAgent) -> None:
        super().__init__(agent)
        self._by_name: dict[Hashable, Membership] = {}
        self._by_ref: dict[int, Membership] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: Hashable) -> bool:
        return name in self._by_name

    def listen(self, name: Hashable, request: dict[str, Any], watcher: Watcher, rate: float | None = None) -> None:
        """Ask for a feed: ``{"quote", "period", "indicators"}``. What the name stood for before is over.

        ``rate`` is as in ``Topics.join``.
        """
        replaced = self._by_name.get(name)
        # Asked for before the old one is given up: a feed that both have in common is not ended and begun again.
        try:
            ref = self.agent.subscribe(self, QUOTES, request)
        except ForbiddenError as error:
            self.unlisten(name)
            watcher.on_refused(Refused(self.agent.id, NO_REF, error.code, error.message))
            return
        if replaced is not None:
            self._end(replaced)
        self._by_name[name] = self._by_ref[ref] = Membership(name, watcher, ref, rate)

    def unlisten(self, name: Hashable) -> None:
        """Give a feed up; for an unknown name, nothing."""
        membership = self._by_name.get(name)
        if membership is not None:
            self._end(membership)

    def change_rate(self, name: Hashable, rate: float | None) -> None:
        """Be shown it so often from now on. Raises ``KeyError`` for an unknown name."""
        membership = self._by_name[name]
        membership.rate = rate
        if membership.place is not None:
            self.agent.change_rate(*membership.place, rate)

    def change_rates(self, rate_of: Callable[[Any], float | None]) -> None:
        """The same for all of them: ``rate_of(watcher)`` says how often."""
        for name, membership in tuple(self._by_name.items()):
            self.change_rate(name, rate_of(membership.watcher))

    def watcher(self, name: Hashable) -> Any:
        """Who listens under a name; None for an unknown one."""
        membership = self._by_name.get(name)
        return None if membership is None else membership.watcher

    def on_snapshot(self, snapshot: Snapshot) -> Steps[None]:
        """Show the picture; then follow, unless the picture was all that was wanted.

        What is new on the feed before the steps have been taken is held, and shown behind the picture.
        """
        membership = self._by_ref[snapshot.ref]
        membership.held = self.agent.hold(snapshot.topic)
        return self._show(snapshot, membership)

    def _show(self, snapshot: Snapshot, membership: Membership) -> Steps[None]:
        try:
            yield from membership.watcher.prepare(snapshot)
        except BaseException:
            self._end(membership)
            raise
        if membership.ref in self._by_ref:
            self._show_prepared(snapshot, membership)

    def _show_prepared(self, snapshot: Snapshot, membership: Membership) -> None:
        following = None
        try:
            following = membership.watcher.on_picture(snapshot)
        finally:
            if following is None:
                self._end(membership)
        if following is not None:
            group, draw = following
            membership.place = (snapshot.topic, group)
            self.agent.join(snapshot.topic, group, draw, membership.rate, membership.release())

    def on_refused(self, refused: Refused) -> None:
        """Forget the membership and pass the refusal on."""
        membership = self._by_ref[refused.ref]
        self._end(membership)
        membership.watcher.on_refused(refused)

    def on_remove(self) -> None:
        """Give every feed up."""
        for membership in tuple(self._by_name.values()):
            self._end(membership)

    def _end(self, membership: Membership) -> None:
        # A picture may be the one push too many that ends its connection, and all memberships with it.
        if self._by_ref.pop(membership.ref, None) is None:
            return
        del self._by_name[membership.name]
        membership.release()
        if membership.place is not None:
            self.agent.leave(*membership.place)
        self.agent.unsubscribe(membership.ref)

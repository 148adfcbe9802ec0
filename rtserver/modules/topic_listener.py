"""Subscriptions of one connection to topics of services, each under a name.

A subscription is answered by a picture and followed by updates until it ends. Watchers draw the pictures; a service
knows what is in them.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from rtserver.base.bridge.message import Refused, Snapshot, Update
from rtserver.base.limit.steps import Steps
from rtserver.base.wire.client_message import ErrorCode
from rtserver.modules.user_agent_module import BaseUserAgentModule
from rtserver.user.policy import ForbiddenError, ServiceRequest
from rtserver.user.topic.board import GroupKey, Held
from rtserver.user.topic.subscriber import Draw
from rtserver.user.user_agent import UserAgent
from tcelib.limit.tally import KeyCount

NO_REF = 0  # ref of a subscription that was never posted; real refs begin at 1


class Watcher(Protocol):
    """The receiver of one topic's pictures and updates."""

    def is_prepared(self, snapshot: Snapshot) -> bool:
        """Return True if ``on_picture`` takes no long work for this snapshot."""

    def prepare(self, snapshot: Snapshot) -> Steps[None]:
        """Do the long work of ``on_picture`` in steps. The topic may be given up between two steps."""

    def on_picture(self, snapshot: Snapshot) -> tuple[Hashable, Draw] | None:
        """Show the snapshot. Return the group and the drawing of updates for ``Topics.join``, or None to end."""

    def on_refused(self, refused: Refused) -> None:
        """Note that the topic does not exist, is forbidden, or has ended."""

    def on_replaced(self) -> None:
        """Note that the topic was given up, or its name given to another one, perhaps before its first picture."""


W = TypeVar("W", bound=Watcher)


@dataclass(slots=True)
class Membership(Generic[W]):
    """The subscription of one name to a topic. ``group`` is set from the picture on, ``rate`` bounds its updates.

    ``renewal`` is the ref of the subscription that will take its place, if there is one.
    """

    name: Hashable
    watcher: W
    ref: int
    rate: float | None = None
    group: GroupKey | None = None
    held: Held | None = None
    renewal: int | None = None

    def release(self) -> Sequence[Update]:
        """Stop holding updates. Return those that were held."""
        held, self.held = self.held, None
        return () if held is None else held.end()


class TopicListener(BaseUserAgentModule, Generic[W]):
    """The topics that one agent listens to. ``memberships`` has them by name; others only read it.

    With a ``count``, each counts there as long as it lasts.
    """

    def __init__(self, agent: UserAgent, count: KeyCount | None = None) -> None:
        super().__init__(agent)
        self._count = count
        self.memberships: dict[Hashable, Membership[W]] = {}
        self._by_ref: dict[int, Membership[W]] = {}
        self._renewed: dict[int, Membership[W]] = {}  # by the ref of the renewal

    def listen(
        self,
        name: Hashable,
        service: str,
        request: ServiceRequest,
        watcher: W,
        rate: float | None = None,
        *,
        after: int | None = None,
        elsewhere: tuple[str, int] | None = None,
    ) -> None:
        """Subscribe a name to the topic of a service that answers the request. Its former subscription ends.

        ``rate`` is as in ``Topics.join``, ``after`` and ``elsewhere`` as in ``UserAgent.subscribe``.
        """
        replaced = self.memberships.get(name)
        # Subscribed before the old one ends: a topic that both share is not dropped and made again.
        try:
            ref = self.agent.subscribe(self, service, request, after, elsewhere)
        except ForbiddenError as error:
            self.unlisten(name)
            watcher.on_refused(Refused(self.agent.id, NO_REF, error.code, error.message))
            return
        if replaced is not None:
            self._end(replaced)
        self._begin(Membership(name, watcher, ref, rate))
        if replaced is not None:
            replaced.watcher.on_replaced()

    def renew(self, name: Hashable, service: str, request: ServiceRequest) -> None:
        """Ask for another picture of what a name listens to. Until it comes, the updates go on.

        Does nothing if one is asked for already. Raises ``KeyError`` for an unknown name.
        """
        renewed = self.memberships[name]
        if renewed.renewal is not None:
            return
        try:
            renewed.renewal = self.agent.subscribe(self, service, request)
        except ForbiddenError as error:
            self._end(renewed)
            renewed.watcher.on_refused(Refused(self.agent.id, NO_REF, error.code, error.message))
            return
        self._renewed[renewed.renewal] = renewed

    def unlisten(self, name: Hashable) -> None:
        """End the subscription of a name, if there is one."""
        membership = self.memberships.get(name)
        if membership is not None:
            self._end(membership)
            membership.watcher.on_replaced()

    def change_rate(self, name: Hashable, rate: float | None) -> None:
        """Change the rate of a name's updates. Raises ``KeyError`` for an unknown name."""
        membership = self.memberships[name]
        membership.rate = rate
        if membership.group is not None:
            self.agent.change_rate(*membership.group, rate)

    def change_rates(self, rate_of: Callable[[W], float | None]) -> None:
        """Change every rate to ``rate_of(watcher)``."""
        for name, membership in tuple(self.memberships.items()):
            self.change_rate(name, rate_of(membership.watcher))

    def watcher(self, name: Hashable) -> W | None:
        """Return the watcher of a name, or None."""
        membership = self.memberships.get(name)
        return None if membership is None else membership.watcher

    def on_snapshot(self, snapshot: Snapshot) -> Steps[None] | None:
        """Show the picture; then follow the topic, unless the watcher wants the picture only.

        A picture that is prepared is shown at once. Otherwise return the steps that prepare and show it; updates that
        come before their end are held, and shown after the picture.
        """
        membership = self._answered(snapshot.ref)
        share = self.agent.share
        if membership.watcher.is_prepared(snapshot) and (share is None or not share.is_owing):
            self._show_prepared(snapshot, membership)
            return None
        membership.held = self.agent.hold(snapshot.topic)
        return self._show(snapshot, membership)

    def _show(self, snapshot: Snapshot, membership: Membership[W]) -> Steps[None]:
        try:
            yield from membership.watcher.prepare(snapshot)
        except Exception:
            self._fail(membership)
            raise
        except BaseException:
            self._end(membership)
            raise
        if membership.ref in self._by_ref:
            self._show_prepared(snapshot, membership)

    def _show_prepared(self, snapshot: Snapshot, membership: Membership[W]) -> None:
        try:
            following = membership.watcher.on_picture(snapshot)
        except Exception:
            self._fail(membership)
            raise
        if following is None:
            self._end(membership)
        else:
            group, draw = following
            membership.group = (snapshot.topic, group)
            missed = () if membership.held is None else membership.release()
            if snapshot.later:
                later = Update(snapshot.topic, snapshot.seq + len(snapshot.later), snapshot.later)
                missed = (later, *missed)
            self.agent.join(snapshot.topic, group, draw, membership.rate, missed)

    def on_refused(self, refused: Refused) -> None:
        """End the subscription and pass the refusal to its watcher."""
        membership = self._answered(refused.ref)
        self._end(membership)
        membership.watcher.on_refused(refused)

    def on_remove(self) -> None:
        """End every subscription."""
        for membership in tuple(self.memberships.values()):
            self._end(membership)

    def _answered(self, ref: int) -> Membership[W]:
        """Return the membership that the answer to a subscription is for, in the place of the one that it renews."""
        renewed = self._renewed.pop(ref, None)
        if renewed is None:
            return self._by_ref[ref]
        renewed.renewal = None
        self._end(renewed)
        membership = Membership(renewed.name, renewed.watcher, ref, renewed.rate)
        self._begin(membership)
        return membership

    def _fail(self, membership: Membership[W]) -> None:
        self._end(membership)
        code, text = ErrorCode.INTERNAL, "the server failed at the picture"
        membership.watcher.on_refused(Refused(self.agent.id, membership.ref, code, text))

    def _begin(self, membership: Membership[W]) -> None:
        self.memberships[membership.name] = self._by_ref[membership.ref] = membership
        if self._count is not None:
            self._count.add()

    def _end(self, membership: Membership[W]) -> None:
        # The push of a picture may end a slow connection, and all memberships with it.
        if self._by_ref.pop(membership.ref, None) is None:
            return
        del self.memberships[membership.name]
        if self._count is not None:
            self._count.remove()
        membership.release()
        if membership.group is not None:
            self.agent.leave(*membership.group)
        self.agent.unsubscribe(membership.ref)
        if membership.renewal is not None:
            del self._renewed[membership.renewal]
            self.agent.unsubscribe(membership.renewal)

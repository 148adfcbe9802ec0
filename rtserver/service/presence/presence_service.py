"""PresenceService: answers subscriptions to who is present, by topics of scopes.

It decides who may be in a channel: whoever follows it and does not say otherwise. What is true about presence is the
table's business, and when to look at it that of ``presence_loop``.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import msgspec

from rtserver.base.bridge.message import Message, Subscribe, Unsubscribe
from rtserver.base.bridge.ownership import ThreadBound
from rtserver.base.limit.cpu_quota import CallLater
from rtserver.registry.presence import Event
from rtserver.registry.presence_follower import PresenceFollower
from rtserver.registry.presence_scope import CHANNEL, Offer
from rtserver.service.presence.channel_member import ChannelMembers
from rtserver.service.presence.presence_topic import PresenceTopic
from rtserver.service.topic.publisher import Publisher
from rtserver.service.topic.topic import Topic, Viewer

PRESENCE = "presence"
"""The name by which agents subscribe."""
LINGER_SECONDS = 60.0
"""Time for which a topic goes on without viewers, for those who come back."""
MOST_TOPICS = 10_000

Whole = Annotated[int, msgspec.Meta(ge=0)]


class PresenceRequest(msgspec.Struct, frozen=True):
    """Follow a scope. ``join`` False: look at a channel without being in it.

    With ``at`` and ``page``: one page of the listing of that moment, once.
    """

    scope: str
    join: bool = True
    at: Whole | None = None
    page: Whole = 0


class PresenceService(ThreadBound):
    """A ``SubscribableService``. ``post`` puts a message on the bridge to the websocket thread.

    ``wake`` is called when the registry has to be looked at. The service is at rest until then, and holds no table.
    """

    def __init__(
        self,
        follower: PresenceFollower,
        offer: Offer,
        members: ChannelMembers,
        post: Callable[[Message], object],
        *,
        call_later: CallLater,
        wake: Callable[[], object],
    ) -> None:
        super().__init__()
        self._follower = follower
        self._offer = offer
        self._members = members
        self._call_later = call_later
        self._wake = wake
        self._publisher = Publisher(post)
        self._topics: dict[str, PresenceTopic] = {}  # by scope
        self._asked: dict[str, dict[Viewer, tuple[str, int] | None]] = {}  # who waits for the first answer, by scope

    @property
    def is_wanted(self) -> bool:
        """True while somebody follows a scope, or has done so a while ago."""
        return bool(self._topics or self._asked)

    @property
    def viewers(self) -> int:
        """The number of open subscriptions."""
        return len(self._publisher) + sum(map(len, self._asked.values()))

    # From the bridge.

    def on_subscribe(self, message: Subscribe) -> None:
        """Answer with ``Snapshot`` or ``Refused``, now or after the next look."""
        try:
            request = msgspec.convert(message.request, PresenceRequest)
        except msgspec.ValidationError as error:
            self._publisher.refuse(message, "bad_request", str(error))
            return
        if request.scope not in self._offer:
            self._publisher.refuse(message, "bad_request", f"this server offers no presence of {request.scope!r}")
        elif request.at is not None:
            self._show_page(message, request.scope, request.at, request.page)
        else:
            self._follow(message, request)

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        """End a subscription, if it is there."""
        viewer = (message.agent, message.ref)
        self._members.part(viewer)
        for scope, waiting in tuple(self._asked.items()):
            waiting.pop(viewer, None)
            if not waiting:
                del self._asked[scope]
        left = self._publisher.remove_viewer(viewer)
        if isinstance(left, PresenceTopic):
            self._on_left(left)

    # From the loop.

    def take(self, events: list[Event], *, is_new: bool) -> None:
        """Take what a look has found, and answer those who wait. ``is_new`` is as in ``Look``."""
        if is_new:
            self._begin_anew()
        by_scope: dict[str, list[Event]] = {}
        for event in events:
            if event.scope in self._topics:
                by_scope.setdefault(event.scope, []).append(event)
        for scope, of_scope in by_scope.items():
            self._topics[scope].add(of_scope)
        asked, self._asked = self._asked, {}
        for scope, viewers in asked.items():
            for viewer, elsewhere in viewers.items():
                self._answer(scope, viewer, elsewhere)

    def post_due(self, now: float) -> float | None:
        """Post the differences that are due. Return the seconds until the next one is; None if there is none."""
        least: float | None = None
        for topic in self._topics.values():
            seconds = topic.seconds_to_difference(now)
            if seconds == 0.0:
                topic.take_difference(now)
                self._publisher.send(topic)
            if (seconds := topic.seconds_to_difference(now)) is not None:
                least = seconds if least is None else min(least, seconds)
        return least

    # The life of a topic.

    def _follow(self, message: Subscribe, request: PresenceRequest) -> None:
        scope, viewer = request.scope, (message.agent, message.ref)
        if scope not in self._topics and len(self._topics) + len(self._asked) >= MOST_TOPICS:
            self._publisher.refuse(message, "rate_limited", f"{PRESENCE} has {MOST_TOPICS} topics already")
            return
        if scope.startswith(CHANNEL) and request.join and message.user:
            self._members.join(viewer, scope, message.user)
        known = message.elsewhere
        is_ahead = known is not None and known[0] == self._follower.epoch and known[1] > self._follower.table.now_ms
        if self._follower.is_begun and not is_ahead:
            self._answer(scope, viewer, known)
        else:
            self._asked.setdefault(scope, {})[viewer] = known
            self._wake()

    def _answer(self, scope: str, viewer: Viewer, known: tuple[str, int] | None) -> None:
        """Post the rows that a viewer lacks, or a listing."""
        topic = self._topics.get(scope) or self._make(scope)
        left = self._publisher.add_viewer(topic, viewer)
        if isinstance(left, PresenceTopic):
            self._on_left(left)
        rows = topic.rows_after(known[1]) if known is not None and known[0] == topic.epoch else None
        if rows is not None and known is not None:
            self._publisher.resume(topic, viewer, rows, known[1])
        else:
            listing, rows = topic.listing()
            self._publisher.show(topic, listing.first(), rows)

    def _make(self, scope: str) -> PresenceTopic:
        follower = self._follower
        since_ms = max(follower.since_ms, follower.table.now_ms)
        name = f"{PRESENCE}/{follower.epoch}/{scope}"
        topic = self._topics[scope] = PresenceTopic(name, scope, follower.table, follower.epoch, since_ms)
        return topic

    def _begin_anew(self) -> None:
        """Let all viewers ask again: what they have been told is of another epoch."""
        for topic in self._topics.values():
            topic.seq, topic.left_out, topic.needs_picture = topic.seq + 1, 1, True
            self._publisher.send(topic)
        self._topics.clear()

    def _show_page(self, message: Subscribe, scope: str, at_ms: int, number: int) -> None:
        topic = self._topics.get(scope)
        listing = None if topic is None else topic.maybe_listing(at_ms)
        if listing is None or number >= listing.pages:
            self._publisher.refuse(
                message, "bad_request", f"the listing of {scope!r} at {at_ms} is not there any more"
            )
            return
        page = Topic(f"{PRESENCE}/{self._follower.epoch}/{scope}#{at_ms}/{number}", at_ms, self._follower.epoch)
        self._publisher.add_viewer(page, (message.agent, message.ref))
        self._publisher.show(page, listing.page(number))

    def _on_left(self, topic: PresenceTopic) -> None:
        topic.lefts += 1
        self._call_later(LINGER_SECONDS, partial(self._on_lingered, topic, topic.lefts))

    def _on_lingered(self, topic: PresenceTopic, left: int) -> None:
        if not topic.viewers and topic.lefts == left and self._topics.get(topic.scope) is topic:
            del self._topics[topic.scope]
            self._publisher.end(topic)

"""Subscriptions of one connection to services, by the messages of the type ``topic``.

It maps requests to topics, and reports refusals to the client.
"""

from collections.abc import Hashable
from functools import partial
from typing import Annotated, Any, TypeAlias

import msgspec

from rtserver.base.bridge.message import Refused, Snapshot
from rtserver.base.limit.steps import Steps
from rtserver.base.wire import json
from rtserver.base.wire.client_message import MAX_SAFE_INTEGER, ErrorCode
from rtserver.modules.chart_request import MaxRate
from rtserver.modules.mychart_agent import REPLACED, RateCap, no_cap
from rtserver.modules.topic_listener import TopicListener
from rtserver.modules.topic_message import TOPIC, SnapshotMessages, update_message
from rtserver.modules.user_agent_module import BaseUserAgentModule
from rtserver.user.msg_handler import RequestError
from rtserver.user.topic.rate import granted
from rtserver.user.topic.subscriber import Draw
from rtserver.user.user_agent import UserAgent
from tcelib.limit.tally import KeyCount

MAX_REQUEST_BYTES = 4_096
"""Length of a request as JSON. Both threads keep it as long as the subscription lasts."""

PLAIN = msgspec.json.Decoder()

TopicId: TypeAlias = (
    Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    | Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
)
ServiceName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Place(msgspec.Struct, frozen=True):
    """The last update that a client has."""

    epoch: Annotated[str, msgspec.Meta(max_length=64)]
    seq: Annotated[int, msgspec.Meta(ge=0, le=MAX_SAFE_INTEGER)]


class SubscribeRequest(msgspec.Struct, frozen=True, tag_field="op", tag="subscribe"):
    """Follow what a service says to ``request``.

    ``max_rate`` is in updates a second, None for as many as there are. ``after`` asks for what came later.
    """

    topic_id: TopicId
    service: ServiceName
    request: msgspec.Raw = msgspec.Raw(b"null")
    max_rate: MaxRate | None = None
    after: Place | None = None

    def __post_init__(self) -> None:
        """Check the request's length. The error is fit for the client."""
        size = len(bytes(self.request))
        if size > MAX_REQUEST_BYTES:
            raise ValueError(f"the request has {size} bytes; {MAX_REQUEST_BYTES} are allowed")

    def read(self) -> Any:
        """Return the request as plain data. Raises ``RequestError``."""
        try:
            return json.decode(self.request, PLAIN)
        except json.JsonError as error:
            raise RequestError(f"request: {error}") from None


class UnsubscribeRequest(msgspec.Struct, frozen=True, tag_field="op", tag="unsubscribe"):
    """Follow a topic no longer."""

    topic_id: TopicId


class TopicView:
    """One topic as a client sees it. The first answer carries ``request_id``.

    ``wish`` is the rate that the client asked for, in updates a second.
    """

    __slots__ = ("_agent", "_is_answered", "_largest", "_messages", "_request_id", "_topic_id", "wish")

    def __init__(
        self,
        agent: UserAgent,
        request: SubscribeRequest,
        messages: SnapshotMessages,
        request_id: int | str | None,
        largest: int,
    ) -> None:
        self._agent = agent
        self._messages = messages
        self._topic_id = request.topic_id
        self._request_id = request_id
        self._largest = largest
        self._is_answered = False
        self.wish = request.max_rate

    def is_prepared(self, snapshot: Snapshot) -> bool:
        """Return True: the snapshot is JSON already."""
        return True

    def prepare(self, snapshot: Snapshot) -> Steps[None]:
        """Do nothing: there is nothing to prepare."""
        yield from ()

    def on_picture(self, snapshot: Snapshot) -> tuple[Hashable, Draw] | None:
        """Send the snapshot. Return what draws its updates, or None if no client could take it."""
        self._is_answered = True
        message = self._messages.of(snapshot, self._topic_id, self._request_id)
        size = len(message.data)
        if size > self._largest:
            self._tell_error(ErrorCode.INTERNAL, f"the snapshot has {size} bytes, more than a client can take")
            return None
        self._agent.push(message)
        epoch = snapshot.epoch or self._messages.epoch
        return (TOPIC, self._topic_id), partial(update_message, self._topic_id, epoch)

    def on_refused(self, refused: Refused) -> None:
        """Tell the client why the topic is refused or has ended."""
        self._tell_error(refused.code, refused.message)

    def on_replaced(self) -> None:
        """Answer a request that waits for its snapshot still, and has an id."""
        if not self._is_answered and self._request_id is not None:
            # Without the topic_id: with it, an error says that the topic is over.
            text = f"topic {self._topic_id}: given up for another request"
            self._agent.push_error(REPLACED, text, TOPIC, self._request_id)

    def _tell_error(self, code: str, text: str) -> None:
        topic_id = self._topic_id
        self._agent.push_error(code, f"topic {topic_id}: {text}", TOPIC, self._request_id, topic_id=topic_id)


class TopicAgent(BaseUserAgentModule):
    """The topics of one agent. ``max_rate`` bounds every topic, ``largest`` the bytes of a snapshot's message.

    ``count`` counts the topics of the agent's user.
    """

    def __init__(
        self,
        agent: UserAgent,
        messages: SnapshotMessages,
        largest: int,
        max_rate: RateCap = no_cap,
        count: KeyCount | None = None,
    ) -> None:
        super().__init__(agent)
        self.topics: TopicListener[TopicView] = TopicListener(agent, count)
        self._messages = messages
        self._largest = largest
        self._max_rate = max_rate

    def subscribe(self, request: SubscribeRequest, request_id: int | str | None) -> None:
        """Subscribe to a topic. It replaces the one with the same id."""
        view = TopicView(self.agent, request, self._messages, request_id, self._largest)
        place = request.after
        is_ours = place is not None and place.epoch == self._messages.epoch
        after = place.seq if place is not None and is_ours else None
        elsewhere = (place.epoch, place.seq) if place is not None and not is_ours else None
        rate = self._granted(view)
        self.topics.listen(
            request.topic_id, request.service, request.read(), view, rate, after=after, elsewhere=elsewhere
        )

    def unsubscribe(self, topic_id: int | str) -> None:
        """Give a topic up, if it is there."""
        self.topics.unlisten(topic_id)

    def on_user_change(self) -> None:
        """Apply the changed user's rates to all topics."""
        self.topics.change_rates(self._granted)

    def on_remove(self) -> None:
        """Give up every topic."""
        self.topics.on_remove()

    def _granted(self, view: TopicView) -> float | None:
        return granted(view.wish, self._max_rate(self.agent.user))

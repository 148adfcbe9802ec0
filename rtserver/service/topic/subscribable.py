"""Base class of handlers that agents may subscribe to."""

from typing import Any, ClassVar

import msgspec

from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.topic.service_topics import ServiceTopics


class SubscribableMsgHandler(ServiceMsgHandler):
    """Handler of service messages that also answers subscriptions, by topics.

    A topic is what a request names: all who ask for the same see the same. A subscriber gets a snapshot, then each
    update that is published after it, in order, without a gap and without a double.
    """

    delivery = "every"  # each server has the topics of its own clients
    service: ClassVar[str] = ""
    """The name by which agents subscribe; empty for ``msg_type``."""
    request_type: ClassVar[Any] = Any
    """The msgspec shape of a request. Another one is refused as ``bad_request``, unseen by the handler."""
    keep: ClassVar[int] = 0
    """Updates that each topic keeps: for ``history``, and for clients that come back."""
    linger_seconds: ClassVar[float] = 10.0
    """Time without viewers after which a topic ends. A page that is loaded again does not end one."""
    max_topics: ClassVar[int] = 10_000
    """Topics at a time. Beyond that, topics without viewers are forgotten, then requests are refused."""

    def __init__(self, services: ServiceContext) -> None:
        super().__init__(services)
        self.topics = ServiceTopics(self.service_name(), self, services)

    @classmethod
    def service_name(cls) -> str:
        """Return the name by which agents subscribe."""
        return cls.service or cls.msg_type

    def topic_of(self, request: Any) -> str:
        """Return the topic that a request names. By default requests that are equal as JSON name the same.

        Raise ``BadData`` for a request that makes no sense.
        """
        return msgspec.json.encode(request, order="sorted").decode()

    def on_subscribe(self, request: Any) -> object:
        """Return the snapshot of the topic that a request names: plain JSON data.

        It is asked for once between two updates, so a change of it must be published. Raise ``BadData`` to refuse.
        The method may wait; updates that are published meanwhile follow the snapshot, even if it holds them.
        """
        raise NotImplementedError

    def on_first_viewer(self, request: Any) -> None:
        """Begin what a topic costs only while it is viewed. Called before ``on_subscribe``; may wait."""

    def on_last_viewer(self, request: Any) -> None:
        """End it. Called ``linger_seconds`` after the last viewer has gone; may wait."""

    def publish(self, topic: str, update: object, key: str | None = None) -> None:
        """Send an update, plain JSON data, to all who view a topic. Without viewers it is kept, or dropped.

        ``key`` is the conflation key: of consecutive updates with one key, a client with a rate gets the last one
        only. Give one where an update replaces the one before it.

        Raises ``JsonError`` for data that JSON cannot hold, ``BadData`` for more than a client could take.
        """
        self.check_thread()
        self.topics.publish(topic, update, key)

    def is_viewed(self, topic: str) -> bool:
        """Return True from a topic's first viewer until ``on_last_viewer``."""
        return self.topics.is_viewed(topic)

    def history(self, topic: str) -> list[Any]:
        """Return the last ``keep`` updates of a topic, the oldest first."""
        return self.topics.history(topic)

    def flush(self) -> None:
        """Post what a batch of messages has published."""
        self.topics.flush()

"""Topics of one subscribable handler: when they begin and end, and when the handler is asked.

A topic is looked after by one greenlet at a time, which calls the handler's hooks in order, so a hook that waits
delays its own topic only. A subscriber waits for the snapshot as one of a feed does; those who come meanwhile share
the answer. The service thread owns all of it.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Protocol

import msgspec

from rtserver.base.bridge.message import Subscribe, Unsubscribe
from rtserver.base.failure.containment import is_stop
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.wire import json
from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.topic.publisher import Publisher
from rtserver.service.topic.service_topic import ServiceTopic
from rtserver.service.topic.topic import Topic

ENVELOPE_BYTES = 1_024
"""Upper bound of the message around an update or a snapshot."""

DELAY_SECONDS = 0.05
"""Time after which an answer counts as one that takes long."""

log = logging.getLogger(__name__)


class TopicHooks(Protocol):
    """The part of a subscribable handler that its topics use."""

    request_type: ClassVar[Any]
    keep: ClassVar[int]
    linger_seconds: ClassVar[float]
    max_topics: ClassVar[int]

    def topic_of(self, request: Any) -> str:
        """Return the topic that a request names."""

    def on_subscribe(self, request: Any) -> object:
        """Return the snapshot of a topic."""

    def on_first_viewer(self, request: Any) -> None:
        """Note that a topic is viewed from now on."""

    def on_last_viewer(self, request: Any) -> None:
        """Note that a topic is not viewed any more."""


class ServiceTopics:
    """The topics of the service ``service``: a ``SubscribableService``."""

    def __init__(self, service: str, hooks: TopicHooks, context: ServiceContext) -> None:
        self.service = service
        self._hooks = hooks
        self._call_later = context.call_later
        self._shares = context.shares
        self._largest = max(1, context.sizes.largest_everywhere - ENVELOPE_BYTES)
        self._publisher = Publisher(context.post)
        self._topics: OrderedDict[str, ServiceTopic] = OrderedDict()  # by name, the longest silent first
        self._is_flushing = False
        self._highest = 0

    def __len__(self) -> int:
        """Return the number of topics."""
        return len(self._topics)

    @property
    def viewers(self) -> int:
        """The number of open subscriptions."""
        return len(self._publisher)

    # From the bridge.

    def on_subscribe(self, message: Subscribe) -> None:
        """Answer with ``Snapshot`` or ``Refused``, now or later."""
        try:
            request = msgspec.convert(message.request, self._hooks.request_type)
            own_name = self._hooks.topic_of(request)
        except (msgspec.ValidationError, BadData) as error:
            self._publisher.refuse(message, "bad_request", str(error))
            return
        topic = self._topics.get(self._name_of(own_name)) or self._make(own_name, request)
        if topic is None:
            text = f"{self.service} has {self._hooks.max_topics} topics already"
            self._publisher.refuse(message, "rate_limited", text)
            return
        viewer = (message.agent, message.ref)
        left = self._publisher.add_viewer(topic, viewer)
        if left is not None:
            self._on_left(left)
        topic.is_lingering = False
        if not topic.is_begun:
            topic.request = request  # None where an update came first
        later = None if message.after is None else topic.after(message.after)
        if later is not None:
            self._publisher.resume(topic, viewer, later)
        elif topic.snapshot is not None:
            self._publisher.show(topic, topic.snapshot)
        self._look_after(topic, message.user)
        if viewer in topic.waiting:
            self._call_later(DELAY_SECONDS, partial(self._tell_delay, topic, message))

    def _tell_delay(self, topic: ServiceTopic, message: Subscribe) -> None:
        """Let the other questions of an agent be asked whose snapshot takes long."""
        if (message.agent, message.ref) in topic.waiting:
            self._publisher.delay(message)

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        """End a subscription, if it is there."""
        left = self._publisher.remove_viewer((message.agent, message.ref))
        if left is not None:
            self._on_left(left)

    # From the handler.

    def publish(self, own_name: str, update: object, key: str | None = None) -> None:
        """Send an update to the viewers of a topic, and keep it if updates are kept.

        Raises ``JsonError`` for data that JSON cannot hold, ``BadData`` for more than a client could take and for a
        topic too many.
        """
        data = self._encode(update)
        topic = self._topics.get(self._name_of(own_name))
        if topic is None:
            if not self._hooks.keep:
                return
            topic = self._make(own_name, None)
            if topic is None:
                raise BadData(f"{self.service} has {self._hooks.max_topics} topics already")
        self._topics.move_to_end(topic.name)
        if topic.add(data, key):
            self._publisher.unsent[topic.name] = topic
            if not self._is_flushing:
                self._is_flushing = True
                self._call_later(0, self.flush)

    def flush(self) -> None:
        """Post what was published."""
        self._is_flushing = False
        self._publisher.flush()

    def is_viewed(self, own_name: str) -> bool:
        """Return True while a topic has viewers, or lingers."""
        topic = self._topics.get(self._name_of(own_name))
        return topic is not None and (bool(topic.viewers) or topic.is_lingering)

    def history(self, own_name: str) -> list[Any]:
        """Return the kept updates of a topic, the oldest first."""
        topic = self._topics.get(self._name_of(own_name))
        return [] if topic is None else topic.history

    # The life of a topic.

    def _name_of(self, own_name: str) -> str:
        return f"{self.service}/{own_name}"

    def _make(self, own_name: str, request: object) -> ServiceTopic | None:
        """Return a new topic, or None if there are too many that are viewed."""
        hooks = self._hooks
        if len(self._topics) >= hooks.max_topics:
            unviewed = next((topic for topic in self._topics.values() if not self._is_in_use(topic)), None)
            if unviewed is None:
                return None
            self._drop(unviewed)
        name = self._name_of(own_name)
        # Numbers go on behind those of all topics that have ended: what a client has of one is never taken for new.
        topic = self._topics[name] = ServiceTopic(name, own_name, request, seq=self._highest, keep=hooks.keep)
        return topic

    def _is_in_use(self, topic: ServiceTopic) -> bool:
        return bool(topic.viewers) or topic.is_begun or topic.is_tended or topic.is_lingering

    def _drop(self, topic: ServiceTopic) -> None:
        del self._topics[topic.name]
        self._publisher.end(topic)
        # An update that nobody saw may be missing behind the last number.
        self._highest = max(self._highest, topic.seq + 1)

    def _on_left(self, left: Topic) -> None:
        """Let a topic linger that has lost its last viewer."""
        topic = self._topics[left.name]
        topic.lingers += 1
        topic.is_lingering = self._hooks.linger_seconds > 0
        if topic.is_lingering:
            self._call_later(self._hooks.linger_seconds, partial(self._on_lingered, topic, topic.lingers))
        else:
            self._look_after(topic)

    def _on_lingered(self, topic: ServiceTopic, number: int) -> None:
        if topic.is_lingering and topic.lingers == number:
            topic.is_lingering = False
            self._look_after(topic)

    def _look_after(self, topic: ServiceTopic, user: str | None = None) -> None:
        """Call the hooks that a topic is due, on a greenlet of its own, when it is the user's turn."""
        if not self._is_due(topic):
            return
        payer = None if self._shares is None or user is None else self._shares.of(user)
        begin: Callable[[], object] = partial(self._call_later, 0, partial(self._tend, topic, payer))
        if payer is not None and payer.is_owing:
            payer.wait_turn(begin)
        else:
            begin()

    def _is_due(self, topic: ServiceTopic) -> bool:
        if topic.viewers:
            return bool(topic.waiting) or not topic.is_begun
        return not topic.is_lingering

    def _tend(self, topic: ServiceTopic, payer: FairShare | None) -> None:
        if topic.is_tended:
            return  # whoever looks after it sees what is due
        topic.is_tended = True
        begun = 0.0 if payer is None else payer.now()
        try:
            while self._step(topic):
                pass
        finally:
            topic.is_tended = False
            if payer is not None:
                payer.spend(begun)
        if not topic.is_needed and self._topics.get(topic.name) is topic:
            self._drop(topic)

    def _step(self, topic: ServiceTopic) -> bool:
        """Call the next hook. Return False if none is due. A hook that fails costs those for whom it was called."""
        refuse = self._publisher.give_up
        try:
            if topic.viewers and not topic.is_begun:
                topic.is_begun = True
                self._hooks.on_first_viewer(topic.request)
            elif topic.waiting:
                refuse = self._publisher.refuse_waiting
                self._ask(topic)
            elif topic.is_begun and not topic.viewers and not topic.is_lingering:
                topic.is_begun, topic.snapshot = False, None
                self._hooks.on_last_viewer(topic.request)
            else:
                return False
        except BadData as error:
            refuse(topic, "bad_request", str(error))
        except BaseException as error:
            if is_stop(error):
                raise
            log.exception("! the service %r failed at the topic %r", self.service, topic.own_name)
            refuse(topic, "internal", "the service failed")
        return True

    def _ask(self, topic: ServiceTopic) -> None:
        """Post the handler's snapshot, and what was published while it was made."""
        snapshot = topic.snapshot
        if snapshot is None:
            topic.begin_answer()
            try:
                snapshot = self._encode(self._hooks.on_subscribe(topic.request))
            finally:
                later = topic.end_answer(snapshot)
            self._publisher.show(topic, snapshot, later)
        else:
            self._publisher.show(topic, snapshot)

    def _encode(self, data: object) -> bytes:
        encoded = json.encode_exact(data)
        if len(encoded) > self._largest:
            raise BadData(f"{len(encoded)} bytes for a client; it takes {self._largest} at most")
        return encoded

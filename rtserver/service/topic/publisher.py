"""Publisher of a service's topics: who views which one, and the messages that viewers get.

A viewer gets a ``Snapshot`` of a topic after its row ``seq``, then every later row in order in ``Update`` messages,
without a gap and without a double. For that, unsent rows leave before a snapshot is posted; the mailbox keeps the
order. What a row and a snapshot are is the service's business.
"""

from collections.abc import Callable

from rtserver.base.bridge.message import Delayed, Message, Refused, Row, Snapshot, Subscribe, Table
from rtserver.service.topic.topic import Topic, Viewer


class Publisher:
    """The viewers of one service's topics. ``post`` puts a message on the bridge to the websocket thread.

    ``unsent`` has the topics with unsent rows by name; the service enters a topic when it adds a row.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self.unsent: dict[str, Topic] = {}
        self._post = post
        self._viewed: dict[Viewer, Topic] = {}

    def __len__(self) -> int:
        """Return the number of open subscriptions."""
        return len(self._viewed)

    def add_viewer(self, topic: Topic, viewer: Viewer) -> Topic | None:
        """Add a viewer, who waits for a snapshot. Return its former topic if that has lost its last viewer."""
        topic.viewers.add(viewer)
        topic.waiting[viewer] = None
        former = self._viewed.get(viewer)
        left = None if former is None or former is topic else self.remove_viewer(viewer)
        self._viewed[viewer] = topic
        return left

    def remove_viewer(self, viewer: Viewer) -> Topic | None:
        """Remove a viewer, if it is known. Return its topic if that has lost its last viewer."""
        topic = self._viewed.pop(viewer, None)
        if topic is None:
            return None
        topic.viewers.discard(viewer)
        topic.waiting.pop(viewer, None)
        return None if topic.viewers else topic

    def show(self, topic: Topic, payload: Table | bytes, later: tuple[Row, ...] = ()) -> None:
        """Post the topic's state to all who wait for it: that after ``seq``, or before the ``later`` rows."""
        self.show_each(topic, lambda viewer: payload, later)

    def show_each(
        self, topic: Topic, payload_of: Callable[[Viewer], Table | bytes], later: tuple[Row, ...] = ()
    ) -> None:
        """Post to each who waits its own view of the topic's state."""
        self.unsent.pop(topic.name, None)
        if len(topic.viewers) == len(topic.waiting):
            topic.drop_unsent()
        else:
            self._post_update(topic)
        for viewer in topic.waiting:
            seq = topic.seq - len(later)
            self._post(Snapshot(*viewer, topic.name, seq, payload_of(viewer), later, epoch=topic.epoch))
        topic.waiting.clear()

    def resume(self, topic: Topic, viewer: Viewer, later: tuple[Row, ...], known_as: int | None = None) -> None:
        """Post the last rows of a topic to a waiting viewer who has all before them.

        The viewer may know the row before them by another number, ``known_as``.
        """
        if topic.unsent:
            self.send(topic)
        del topic.waiting[viewer]
        self._post(Snapshot(*viewer, topic.name, topic.seq - len(later), None, later, known_as, topic.epoch))

    def refuse_waiting(self, topic: Topic, code: str, text: str) -> None:
        """Refuse those who wait for a snapshot."""
        for agent, ref in tuple(topic.waiting):
            self.remove_viewer((agent, ref))
            self._post(Refused(agent, ref, code, text))

    def send(self, topic: Topic) -> None:
        """Post the unsent rows of one topic."""
        self._post_update(topic)
        self.unsent.pop(topic.name, None)

    def flush(self) -> None:
        """Post the unsent rows of all topics."""
        for topic in self.unsent.values():
            self._post_update(topic)
        self.unsent.clear()

    def give_up(self, topic: Topic, code: str, text: str) -> None:
        """Refuse all viewers of a topic, which is left without any."""
        for agent, ref in tuple(topic.viewers):
            self.remove_viewer((agent, ref))
            self._post(Refused(agent, ref, code, text))

    def delay(self, message: Subscribe) -> None:
        """Say that the answer to a subscription has to be read first."""
        self._post(Delayed(message.agent, message.ref))

    def refuse(self, message: Subscribe, code: str, text: str) -> None:
        """Refuse a subscription."""
        self._post(Refused(message.agent, message.ref, code, text))

    def end(self, topic: Topic) -> None:
        """Drop the unsent rows of a topic that nobody views."""
        self.unsent.pop(topic.name, None)
        topic.drop_unsent()

    def _post_update(self, topic: Topic) -> None:
        for update in topic.take_unsent():
            self._post(update)

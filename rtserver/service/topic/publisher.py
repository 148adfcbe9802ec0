"""Publisher of a service's topics: who views which one, and the messages that viewers get.

A viewer gets a ``Snapshot`` of a topic after its row ``seq``, then every later row in order in ``Update`` messages,
without a gap and without a double. For that, unsent rows leave before a snapshot is posted; the mailbox keeps the
order. What a row and a snapshot are is the service's business.
"""

from collections.abc import Callable

from rtserver.base.bridge.message import Message, Refused, Row, Snapshot, Subscribe, Table, Update
from rtserver.service.topic.topic import Topic, Viewer

UPDATE_ROWS = 500
"""Rows of one update at most: a message of a producer may bring 20,000 of one topic."""


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
        """Post the topic's state to those who wait for it: that after ``seq``, or before the ``later`` rows."""
        self.unsent.pop(topic.name, None)
        if len(topic.viewers) == len(topic.waiting):
            topic.take_unsent()
        elif topic.unsent:
            self._post_update(topic)
        for agent, ref in topic.waiting:
            self._post(Snapshot(agent, ref, topic.name, topic.seq - len(later), payload, later))
        topic.waiting.clear()

    def resume(self, topic: Topic, viewer: Viewer, later: tuple[Row, ...]) -> None:
        """Post the last rows of a topic to a waiting viewer who has all before them."""
        if topic.unsent:
            self._post_update(topic)
            self.unsent.pop(topic.name, None)
        del topic.waiting[viewer]
        self._post(Snapshot(*viewer, topic.name, topic.seq - len(later), None, later))

    def refuse_waiting(self, topic: Topic, code: str, text: str) -> None:
        """Refuse those who wait for a snapshot."""
        for agent, ref in tuple(topic.waiting):
            self.remove_viewer((agent, ref))
            self._post(Refused(agent, ref, code, text))

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

    def refuse(self, message: Subscribe, code: str, text: str) -> None:
        """Refuse a subscription."""
        self._post(Refused(message.agent, message.ref, code, text))

    def end(self, topic: Topic) -> None:
        """Drop the unsent rows of a topic that nobody views."""
        self.unsent.pop(topic.name, None)

    def _post_update(self, topic: Topic) -> None:
        """Post unsent rows, in several updates if they are many: the other thread serves others in between."""
        rows = topic.take_unsent()
        for end in range(UPDATE_ROWS, len(rows) + UPDATE_ROWS, UPDATE_ROWS):
            piece = rows[end - UPDATE_ROWS : end]
            self._post(Update(topic.name, topic.seq - max(0, len(rows) - end), piece))

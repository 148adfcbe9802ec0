"""Who gets what is new on a topic, and how often it is drawn: once for each way it is shown.

The hot path ends here. Per update and group: one drawing, and one frame for each kind of connection that is in it.
Per member: one push of the same bytes.
"""

import logging
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeAlias

from rtserver.base.messages import Update
from rtserver.base.ownership import ThreadBound
from rtserver.base.payload import Framing

log = logging.getLogger(__name__)

Draw: TypeAlias = Callable[[Update], bytes]
"""From an update to the message for the clients."""


class Pushing(Protocol):
    """The part of a connection that a topic needs."""

    @property
    def framing(self) -> Framing:
        """How a message becomes what is pushed here; this never changes."""

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Send a whole frame, soon."""


FanOut: TypeAlias = Callable[[Sequence[Any], bytes, Hashable], None]
"""From connections, a frame and a key to a push for each."""


def push_to_each(connections: Sequence[Pushing], frame: bytes, key: Hashable) -> None:
    """A fan-out for connections of any kind."""
    for connection in connections:
        connection.push(frame, key)


class Member(Protocol):
    """Who can be on a topic: hashable, with a connection. ``UserAgent`` is one."""

    @property
    def connection(self) -> Pushing:
        """Where the frames go."""


class Group:
    """The members of a topic who are shown the same picture, by kind of connection: so that no push has to ask."""

    __slots__ = ("draw", "key", "kinds")

    def __init__(self, key: Hashable, draw: Draw) -> None:
        self.key = key
        self.draw = draw
        self.kinds: dict[Framing, dict[Member, Pushing]] = {}

    def add(self, agent: Member) -> None:
        """Let a member in."""
        connection = agent.connection
        self.kinds.setdefault(connection.framing, {})[agent] = connection

    def remove(self, agent: Member) -> None:
        """Let it go."""
        framing = agent.connection.framing
        members = self.kinds[framing]
        del members[agent]
        if not members:
            del self.kinds[framing]


class TopicBoard(ThreadBound):
    """All topics that somebody is on: topic to group to members. Empty ones do not exist.

    ``fan_out`` pushes one frame to many connections; ``base.outgoing_connection`` has one that is quick.

    ``updates``, ``deliveries`` and ``failures`` count up: messages that came, frames that were pushed for them, and
    drawings that raised.
    """

    def __init__(self, fan_out: FanOut = push_to_each) -> None:
        super().__init__()
        self._fan_out = fan_out
        self._topics: dict[str, dict[Hashable, Group]] = {}
        self._places: dict[Member, set[tuple[str, Hashable]]] = {}
        self.updates = 0
        self.deliveries = 0
        self.failures = 0

    def __len__(self) -> int:
        """How many topics there are."""
        return len(self._topics)

    @property
    def members(self) -> int:
        """How many members are on any topic."""
        return len(self._places)

    def join(self, topic: str, group: Hashable, agent: Member, draw: Draw) -> None:
        """Push to ``agent`` what ``draw`` makes of each update from now on.

        All who join a group share the ``draw`` of the first, so ``draw`` may depend on topic and group and on nothing
        else; above all it must not hold an agent. Call this after the snapshot has been pushed, never before.
        """
        self.check_thread()
        groups = self._topics.setdefault(topic, {})
        if group not in groups:
            groups[group] = Group((topic, group), draw)
        groups[group].add(agent)
        self._places.setdefault(agent, set()).add((topic, group))

    def leave(self, topic: str, group: Hashable, agent: Member) -> None:
        """Push no more of it; for one who is not there, nothing."""
        places = self._places.get(agent)
        if places is None or (topic, group) not in places:
            return
        places.discard((topic, group))
        if not places:
            del self._places[agent]
        self._take_out(topic, group, agent)

    def remove(self, agent: Member) -> None:
        """The same for every topic and group that the agent is on."""
        for topic, group in self._places.pop(agent, ()):
            self._take_out(topic, group, agent)

    def update(self, update: Update) -> None:
        """Draw the update once per group and push the frame to each member.

        The key of the push is (topic, group), so that a slow client gets the newest drawing of each. An update that
        nobody waits for any more is dropped: the last member left while it was on its way.
        """
        self.check_thread()
        self.updates += 1
        # Copies, because a push may end a connection that is too slow, which takes its agent off the board.
        for group in tuple(self._topics.get(update.topic, {}).values()):
            try:
                message = group.draw(update)
            except Exception:
                self.failures += 1
                log.exception("! drawing %r failed", group.key)
                continue
            for framing, members in tuple(group.kinds.items()):
                connections = tuple(members.values())
                self.deliveries += len(connections)
                self._fan_out(connections, framing(message), group.key)

    def _take_out(self, topic: str, group: Hashable, agent: Member) -> None:
        groups = self._topics[topic]
        groups[group].remove(agent)
        if not groups[group].kinds:
            del groups[group]
        if not groups:
            del self._topics[topic]

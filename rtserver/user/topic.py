"""Who gets what is new on a topic, and how often it is drawn: once for each way it is shown.

The hot path ends here. Per update and group: one drawing, one frame, and its compressed form if somebody takes that.
Per member: one push of the same bytes.
"""

import logging
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeAlias

from rtserver.base.messages import Update
from rtserver.base.ownership import ThreadBound
from rtserver.base.wire.frame import text_frame

log = logging.getLogger(__name__)

Draw: TypeAlias = Callable[[Update], bytes]
"""From an update to the payload of a text frame."""


class Pushing(Protocol):
    """The part of a connection that a topic needs."""

    @property
    def is_deflating(self) -> bool:
        """Whether its client takes compressed frames; this never changes."""

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Send a whole frame, soon."""


FanOut: TypeAlias = Callable[[Sequence[Any], bytes, Hashable], None]
"""From connections, a frame and a key to a push for each."""


Deflate: TypeAlias = Callable[[bytes], bytes]
"""From a frame to its compressed form."""


def push_to_each(connections: Sequence[Pushing], frame: bytes, key: Hashable) -> None:
    """A fan-out for connections of any kind."""
    for connection in connections:
        connection.push(frame, key)


def leave_plain(frame: bytes) -> bytes:
    """For boards whose connections are not deflating, or compress what they are given by themselves."""
    return frame


class Member(Protocol):
    """Who can be on a topic: hashable, with a connection. ``UserAgent`` is one."""

    @property
    def connection(self) -> Pushing:
        """Where the frames go."""


class Group:
    """The members of a topic who are shown the same picture; apart, so that no push has to ask who inflates."""

    __slots__ = ("deflating", "draw", "key", "plain")

    def __init__(self, key: Hashable, draw: Draw) -> None:
        self.key = key
        self.draw = draw
        self.plain: dict[Member, Pushing] = {}
        self.deflating: dict[Member, Pushing] = {}

    def __bool__(self) -> bool:
        """Whether anybody is in it."""
        return bool(self.plain or self.deflating)

    def add(self, agent: Member) -> None:
        """Let a member in."""
        connection = agent.connection
        (self.deflating if connection.is_deflating else self.plain)[agent] = connection

    def remove(self, agent: Member) -> None:
        """Let it go."""
        (self.deflating if agent.connection.is_deflating else self.plain).pop(agent)


class TopicBoard(ThreadBound):
    """All topics that somebody is on: topic to group to members. Empty ones do not exist.

    ``fan_out`` pushes one frame to many connections; ``base.websocket_connection`` has one that is quick. ``deflate``
    is asked once for a frame that connections which are ``is_deflating`` get.

    ``updates``, ``deliveries`` and ``failures`` count up: messages that came, frames that were pushed for them, and
    drawings that raised.
    """

    def __init__(self, fan_out: FanOut = push_to_each, deflate: Deflate = leave_plain) -> None:
        super().__init__()
        self._fan_out = fan_out
        self._deflate = deflate
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
                frame = text_frame(group.draw(update))
            except Exception:
                self.failures += 1
                log.exception("! drawing %r failed", group.key)
                continue
            plain, deflating = tuple(group.plain.values()), tuple(group.deflating.values())
            self.deliveries += len(plain) + len(deflating)
            self._fan_out(plain, frame, group.key)
            if deflating:
                self._fan_out(deflating, self._deflate(frame), group.key)

    def _take_out(self, topic: str, group: Hashable, agent: Member) -> None:
        groups = self._topics[topic]
        groups[group].remove(agent)
        if not groups[group]:
            del groups[group]
        if not groups:
            del self._topics[topic]

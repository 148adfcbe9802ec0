"""Subscribers who see the same picture at the same moments, by kind of connection. Pure."""

from collections.abc import Callable, Hashable
from typing import Protocol, TypeAlias

from rtserver.base.bridge.message import Update
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.wire.payload import Framing
from rtserver.user.topic.merged_update import MergedUpdate

Draw: TypeAlias = Callable[[Update], bytes]
"""A function from an update to the message for the clients."""


class Pushing(Protocol):
    """The part of a connection that a topic uses."""

    @property
    def framing(self) -> Framing:
        """The function from a message to a frame. It may change once, by the first packet of a client."""

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Queue a whole frame."""


class Subscriber(Protocol):
    """A subscriber: hashable, with a connection, such as ``UserAgent``."""

    @property
    def connection(self) -> Pushing:
        """The receiver of the frames."""


class Subscribers:
    """Subscribers who get the same frames, by kind of connection. ``key`` is that of the pushes.

    ``share`` is the processor time of their user, if there was never more than one and it is limited. Updates that
    come while it owes are ``postponed``; ``has_turn`` says that they wait for a turn. ``most_rows`` is the number of
    rows that fit into a frame, 0 until one was too long.
    """

    __slots__ = ("_is_charged", "draw", "has_turn", "key", "kinds", "most_rows", "postponed", "share")

    def __init__(self, key: Hashable, draw: Draw) -> None:
        self.key = key
        self.draw = draw
        self.most_rows = 0
        self.kinds: dict[Framing, dict[Subscriber, Pushing]] = {}
        self.share: FairShare | None = None
        self.has_turn = False
        self._is_charged = False
        self.postponed = MergedUpdate()

    def add(self, agent: Subscriber, share: FairShare | None = None) -> None:
        """Add a subscriber of the user whose processor time ``share`` counts.

        What two users share is charged to nobody.
        """
        self.share = share if not self._is_charged or share is self.share else None
        self._is_charged = True
        connection = agent.connection
        self.kinds.setdefault(connection.framing, {})[agent] = connection

    def remove(self, agent: Subscriber) -> None:
        """Remove a subscriber."""
        framing, members = next(kind for kind in self.kinds.items() if agent in kind[1])
        del members[agent]
        if not members:
            del self.kinds[framing]

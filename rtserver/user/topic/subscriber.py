"""Who is shown the same picture at the same moments: members and their connections, by kind. Pure."""

from collections.abc import Callable, Hashable
from typing import Protocol, TypeAlias

from rtserver.base.bridge.message import Update
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.wire.payload import Framing
from rtserver.user.topic.merged_update import MergedUpdate

Draw: TypeAlias = Callable[[Update], bytes]
"""From an update to the message for the clients."""


class Pushing(Protocol):
    """The part of a connection that a topic needs."""

    @property
    def framing(self) -> Framing:
        """How a message becomes what is pushed here. It may change once, by the first packet of a client."""

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Send a whole frame, soon."""


class Subscriber(Protocol):
    """Who can be on a topic: hashable, with a connection. ``UserAgent`` is one."""

    @property
    def connection(self) -> Pushing:
        """Where the frames go."""


class Subscribers:
    """Members who get one frame, by kind of connection: so that no push has to ask. ``key`` is that of the pushes.

    ``share`` is the processor time of the only user among them, if there was never more than one and it is counted;
    what is new while it owes is ``postponed``, and shown when its turn comes, as ``has_turn`` says. ``most_rows``
    is how many rows fit into a frame, as far as one was too long; 0 while none was.
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
        """Let it go."""
        framing, members = next(kind for kind in self.kinds.items() if agent in kind[1])
        del members[agent]
        if not members:
            del self.kinds[framing]

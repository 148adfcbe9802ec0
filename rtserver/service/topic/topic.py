"""Topic of a service: a numbered sequence of rows, and the subscriptions that follow it. Pure."""

from typing import TypeAlias

from rtserver.base.bridge.message import Row

Viewer: TypeAlias = tuple[int, int]
"""An agent, and the ref of its subscription."""


class Topic:
    """Rows that several viewers see at the same moments.

    ``name`` is the key of the topic on the bridge. ``seq`` is the number of the last row; numbers have no gaps.
    ``unsent`` are the last rows, which were not posted yet. Those ``waiting`` among the ``viewers`` have had no
    snapshot yet.
    """

    def __init__(self, name: str, seq: int = 0) -> None:
        self.name = name
        self.seq = seq
        self.viewers: set[Viewer] = set()
        self.waiting: dict[Viewer, None] = {}
        self.unsent: list[Row] = []

    def take_unsent(self) -> tuple[Row, ...]:
        """Return the rows since the last call, in order. The last one has the number ``seq``."""
        unsent = tuple(self.unsent)
        self.unsent.clear()
        return unsent

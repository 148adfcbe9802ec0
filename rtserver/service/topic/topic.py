"""Topic of a service: a numbered sequence of rows, and the subscriptions that follow it. Pure."""

from collections.abc import Mapping
from typing import TypeAlias

from rtserver.base.bridge.message import Row, Update

Viewer: TypeAlias = tuple[int, int]
"""An agent, and the ref of its subscription."""

UPDATE_ROWS = 500
"""Rows of one update at most: a message of a producer may bring 20,000 of one topic."""


class Topic:
    """Rows that several viewers see at the same moments.

    ``name`` is the key of the topic on the bridge. ``seq`` is the number of the last row; numbers have no gaps.
    ``unsent`` are the last rows, which were not posted yet, and ``left_out``, ``corrected``, ``fields`` and
    ``needs_picture`` what an ``Update`` says beside them. Those ``waiting`` among the ``viewers`` have had no
    snapshot yet. ``epoch`` is that of the numbers, empty for the server's own.
    """

    def __init__(self, name: str, seq: int = 0, epoch: str = "") -> None:
        self.name = name
        self.seq = seq
        self.epoch = epoch
        self.viewers: set[Viewer] = set()
        self.waiting: dict[Viewer, None] = {}
        self.unsent: list[Row] = []
        self.left_out = 0
        self.corrected: tuple[Row, ...] = ()
        self.fields: Mapping[str, int | float] | None = None
        self.needs_picture = False

    def drop_unsent(self) -> None:
        """Forget the rows that were not posted."""
        self.unsent.clear()
        self.left_out, self.corrected, self.fields, self.needs_picture = 0, (), None, False

    def take_unsent(self) -> list[Update]:
        """Return the rows since the last call, in order. The last one has the number ``seq``.

        They are several updates if they are many: the other thread serves others in between.
        """
        rows, corrected = tuple(self.unsent), self.corrected
        if rows and not corrected and len(rows) <= UPDATE_ROWS:
            update = Update(self.name, self.seq, rows, self.left_out, (), self.fields, self.needs_picture)
            self.drop_unsent()
            return [update]
        seq = self.seq - len(rows) - self.left_out
        updates: list[Update] = []
        while len(corrected) > UPDATE_ROWS:
            updates.append(Update(self.name, seq, (), corrected=corrected[:UPDATE_ROWS]))
            corrected = corrected[UPDATE_ROWS:]
        left_out = self.left_out
        for first in range(0, len(rows) or bool(corrected or left_out), UPDATE_ROWS):
            piece = rows[first : first + UPDATE_ROWS]
            seq += left_out + len(piece)
            is_last = first + UPDATE_ROWS >= len(rows)
            fields, needs_picture = (self.fields, self.needs_picture) if is_last else (None, False)
            updates.append(Update(self.name, seq, piece, left_out, corrected, fields, needs_picture))
            left_out, corrected = 0, ()
        self.drop_unsent()
        return updates

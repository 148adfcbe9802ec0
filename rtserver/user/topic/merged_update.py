"""Merge of consecutive updates of a topic: all rows in order, a growing bar in its last state only. Pure."""

from rtserver.base.bridge.message import Row, Update


class MergedUpdate:
    """Consecutive updates of one topic that have not been sent. ``rows`` are theirs; others only read them."""

    __slots__ = ("_left_out", "_seq", "_topic", "rows")

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._left_out = 0
        self._topic = ""
        self._seq = 0

    def add(self, update: Update) -> None:
        """Add the next update."""
        rows = self.rows
        for row in update.payload:
            if rows and rows[-1][0] == row[0]:
                rows[-1] = row
                self._left_out += 1
            else:
                rows.append(row)
        self._left_out += update.left_out
        self._topic, self._seq = update.topic, update.seq

    def take(self) -> Update:
        """Return all updates as one, and clear."""
        update = Update(self._topic, self._seq, tuple(self.rows), self._left_out)
        self.clear()
        return update

    def clear(self) -> None:
        """Drop all rows."""
        self.rows.clear()
        self._left_out = 0

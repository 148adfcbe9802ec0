"""Merge of consecutive updates of a topic: all rows in order, a growing bar in its last state only. Pure."""

from collections.abc import Mapping

from rtserver.base.bridge.message import Cell, Row, Update


class MergedUpdate:
    """Consecutive updates of one topic that have not been sent. Its length is the number of rows that wait.

    A corrected row takes the place of the waiting row with its label. If none waits, it goes out before all others.
    """

    __slots__ = ("_corrected", "_fields", "_left_out", "_needs_picture", "_rows", "_seq", "_topic")

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._corrected: dict[Cell, Row] = {}
        self._fields: Mapping[str, int | float] | None = None
        self._left_out = 0
        self._needs_picture = False
        self._topic = ""
        self._seq = 0

    def __len__(self) -> int:
        return len(self._rows) + len(self._corrected)

    def add(self, update: Update) -> None:
        """Add the next update."""
        rows = self._rows
        for row in update.corrected:
            self._correct(row)
        for row in update.payload:
            if rows and rows[-1][0] == row[0]:
                rows[-1] = row
                self._left_out += 1
            else:
                rows.append(row)
        self._left_out += update.left_out
        if update.fields is not None:
            self._fields = update.fields
        self._needs_picture = self._needs_picture or update.needs_picture
        self._topic, self._seq = update.topic, update.seq

    def take(self) -> Update:
        """Return all updates as one, and clear."""
        corrected = tuple(self._corrected.values())
        rows, fields, needs_picture = tuple(self._rows), self._fields, self._needs_picture
        update = Update(self._topic, self._seq, rows, self._left_out, corrected, fields, needs_picture)
        self.clear()
        return update

    def clear(self) -> None:
        """Drop all rows."""
        self._rows.clear()
        self._corrected.clear()
        self._fields = None
        self._left_out = 0
        self._needs_picture = False

    def _correct(self, row: Row) -> None:
        rows, label = self._rows, row[0]
        for index in range(len(rows) - 1, -1, -1):
            if rows[index][0] == label:
                rows[index] = row
                return
        self._corrected[label] = row

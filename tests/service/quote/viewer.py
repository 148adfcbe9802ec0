"""A viewer of one topic of quotes: the rows that it holds after a picture and all updates."""

import math
from typing import Any

from rtserver.base.bridge.message import Row, Snapshot, Update


class Viewer:
    """The rows by label, in order. Raises ``AssertionError`` for a number that is missing or comes twice."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.topic = snapshot.topic
        self.seq = snapshot.seq
        self.fields = snapshot.payload.fields
        self.rows: list[Row] = list(snapshot.payload.rows)

    def on_update(self, update: Update) -> None:
        """Take an update: corrected rows first, each at its place, then the numbered ones."""
        assert update.topic == self.topic
        assert update.prev_seq == self.seq
        self.seq = update.seq
        self.fields = self.fields if update.fields is None else update.fields
        for row in update.corrected:
            self._correct(row)
        for row in update.payload:
            if self.rows and self.rows[-1][0] == row[0]:
                self.rows.pop()
            self.rows.append(row)

    def _correct(self, row: Row) -> None:
        label: Any = row[0]
        place = next((place for place, each in enumerate(self.rows) if each[0] == label), None)
        if place is None:
            place = next((place for place, each in enumerate(self.rows) if each[0] > label), len(self.rows))
            assert place < len(self.rows), "a row behind the last one has a number"
            self.rows.insert(place, row)
        else:
            self.rows[place] = row


def is_same(one: Row, other: Row, tolerance: float = 1e-9) -> bool:
    """Return True if two rows have the same numbers, but for rounding."""
    return len(one) == len(other) and all(
        a == b
        or (
            isinstance(a, int | float)
            and isinstance(b, int | float)
            and math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
        )
        for a, b in zip(one, other, strict=True)
    )

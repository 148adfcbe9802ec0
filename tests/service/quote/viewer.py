"""A viewer of one topic of quotes: the rows that it holds after a picture and all updates."""

import math
from collections.abc import Iterable
from typing import Any

from rtserver.base.bridge.message import Row, Snapshot, Update


class Viewer:
    """The rows by label, in order. Raises ``AssertionError`` for a number that is missing or comes twice.

    From when it ``needs_picture`` its rows do not hold any more.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.topic = snapshot.topic
        self.seq = snapshot.seq
        self.fields = snapshot.payload.fields
        self.rows: list[Row] = list(snapshot.payload.rows)
        self.needs_picture = False

    def on_update(self, update: Update) -> None:
        """Take an update: corrected rows first, each at its place, then the numbered ones."""
        assert update.topic == self.topic
        assert update.prev_seq == self.seq
        self.seq = update.seq
        self.needs_picture = self.needs_picture or update.needs_picture
        self.fields = self.fields if update.fields is None else update.fields
        for row in update.corrected:
            self._correct(row)
        for row in update.payload:
            if self.rows and self.rows[-1][0] == row[0]:
                self.rows.pop()
            self.rows.append(row)

    def _correct(self, row: Row) -> None:
        place = len(self.rows)
        while place and _back(self.rows[-1][0], self.rows[place - 1][0]) < _back(self.rows[-1][0], row[0]):
            place -= 1
        if place and self.rows[place - 1][0] == row[0]:
            self.rows[place - 1] = row
        else:
            assert place < len(self.rows), "a row behind the last one has a number"
            self.rows.insert(place, row)


def viewers_of(posted: Iterable[object]) -> dict[int, Viewer]:
    """Return each agent's viewer, after all that was posted."""
    viewers: dict[int, Viewer] = {}
    for message in posted:
        if isinstance(message, Snapshot):
            viewers[message.agent] = Viewer(message)
        elif isinstance(message, Update):
            for viewer in viewers.values():
                if viewer.topic == message.topic:
                    viewer.on_update(message)
    return viewers


def _back(last: Any, label: Any) -> float:
    """Return how much earlier a label is than the last one; a time of day is less than a day earlier."""
    if not isinstance(label, str):
        return float(last - label)
    return (_seconds(last) - _seconds(label)) % 86_400


def _seconds(clock: str) -> int:
    hours, minutes, seconds = map(int, clock.split(":"))
    return hours * 3_600 + minutes * 60 + seconds


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

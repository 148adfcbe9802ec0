"""Topic of a subscribable handler: its numbered updates as JSON, the last of which may be kept. Pure."""

from collections import deque
from typing import Any, cast

import msgspec

from rtserver.base.bridge.message import Row
from rtserver.service.topic.topic import Topic


class ServiceTopic(Topic):
    """The updates of one topic, and the state of its life.

    ``own_name`` is the handler's name of it, and ``request`` one that names it. A row is a label and the JSON of an
    update. It ``is_begun`` while the handler knows of viewers, ``is_lingering`` for a while after the last one, and
    ``is_tended`` while a greenlet looks after it. ``snapshot`` is the handler's last answer, None when it is out of
    date.
    """

    def __init__(self, name: str, own_name: str, request: Any, *, seq: int, keep: int) -> None:
        super().__init__(name, seq)
        self.own_name = own_name
        self.request = request
        self.snapshot: bytes | None = None
        self.is_begun = self.is_lingering = self.is_tended = False
        self.lingers = 0
        self._kept: deque[Row] = deque(maxlen=keep)
        self._asked_at: list[Row] | None = None

    @property
    def is_needed(self) -> bool:
        """True while somebody views it, the handler knows of it, or updates are kept."""
        return bool(self.viewers or self.is_begun or self.is_lingering or self._kept)

    @property
    def history(self) -> list[Any]:
        """The kept updates, the oldest first."""
        return [msgspec.json.decode(cast(bytes, data)) for _, data in self._kept]

    def add(self, data: bytes, key: str | None) -> bool:
        """Add an update. Return True if it is to be posted.

        Of consecutive updates with one conflation key that wait, only the last one is sent; None is like no other.
        """
        self.seq += 1
        self.snapshot = None
        row: Row = (self.seq if key is None else key, data)
        self._kept.append(row)
        if self._asked_at is not None:
            self._asked_at.append(row)
        if len(self.waiting) < len(self.viewers):
            self.unsent.append(row)
        return bool(self.unsent)

    def after(self, seq: int) -> tuple[Row, ...] | None:
        """Return the rows after ``seq``, or None if some of them are not kept."""
        missed = self.seq - seq
        if not 0 <= missed <= len(self._kept):
            return None
        return tuple(self._kept)[len(self._kept) - missed :]

    def begin_answer(self) -> None:
        """Note that the handler is asked for a snapshot now."""
        self._asked_at = []

    def end_answer(self, snapshot: bytes | None) -> tuple[Row, ...]:
        """Take the handler's snapshot, None if it failed. Return the rows since it was asked."""
        later, self._asked_at = tuple(self._asked_at or ()), None
        if not later:
            self.snapshot = snapshot
        return later

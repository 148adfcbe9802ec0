"""Responders: whether a queue has somebody who answers, from the changes of a registry. Pure.

"No" only where it is known: no holder ever had a lease that names the queue, the last one has given it back, or the
last one has been silent for 30 seconds. What the registry no longer tells counts as a doubt, and a doubt as yes.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tcelib.lease.port import Change, Op, Registration

SILENT_MS = 20_000
"""Milliseconds from the end of a lease of ten seconds until its holder has been silent for 30."""


class _Ended(NamedTuple):
    """A lease that ended, and the moment of that."""

    number: int
    registration: Registration
    at_ms: int


class Responders:
    """Holders of one ``kind``, and the queues that each ``reads``. Moments are the registry's."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._here: dict[int, Registration] = {}
        self._ended: dict[str, _Ended] = {}  # by name
        self._doubt_until_ms = 0

    def begin(self, holders: Mapping[int, Registration], recent: Iterable[Change], now_ms: int) -> None:
        """Go on from a snapshot and the last changes before it. Whoever is missing there may have just ended."""
        for change in recent:
            self.apply(change)
        for number in [number for number in self._here if number not in holders]:
            self._end(number, now_ms)
        for number, registration in holders.items():
            self._join(number, registration)

    def apply(self, change: Change) -> None:
        """Bring the view up to a change."""
        if change.op is Op.JOINED and change.registration is not None:
            self._join(change.number, change.registration)
        elif change.op is Op.LEFT:
            self._here.pop(change.number, None)
        elif change.op is Op.ENDED:
            self._end(change.number, change.at_ms)

    def has(self, queue: str, now_ms: int) -> bool:
        """Return whether a call on this queue may be answered; False is certain."""
        for name, ended in [*self._ended.items()]:
            if now_ms >= ended.at_ms + SILENT_MS:
                del self._ended[name]
        ended_ones = (ended.registration for ended in self._ended.values())
        return now_ms < self._doubt_until_ms or any(
            registration.kind == self._kind and queue in registration.reads
            for registration in (*self._here.values(), *ended_ones)
        )

    def _join(self, number: int, registration: Registration) -> None:
        """Add a holder. It takes the place of an ended one of its name: it came back, or reads something else now."""
        self._here[number] = registration
        self._ended.pop(registration.name, None)

    def _end(self, number: int, at_ms: int) -> None:
        """Remove a holder. One that nobody knows any more may have read any queue."""
        registration = self._here.pop(number, None)
        if registration is not None:
            if all(each.name != registration.name for each in self._here.values()):
                self._ended[registration.name] = _Ended(number, registration, at_ms)
        elif all(ended.number != number for ended in self._ended.values()):
            self._doubt_until_ms = max(self._doubt_until_ms, at_ms + SILENT_MS)

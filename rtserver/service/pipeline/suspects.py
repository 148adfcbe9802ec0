"""Suspects: entries of one lane that were with its handler when a process died.

Pure. It decides when an entry is poison, and when a suspect is cleared.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from rtserver.base.mark.port import Mark, Suspect
from rtserver.base.queue.port import order_of

POISON_DEATHS = 3
"""An entry that so many processes died of is poison. One death may be chance: an operator may have killed it."""


class Suspects:
    """Suspects that ``mark`` has inherited. False when there are none, as nearly always."""

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self._all = sorted(mark.suspects(), key=_end_of)
        self._nearest = self._find_nearest()

    def __len__(self) -> int:
        return len(self._all)

    def find(self, entry_id: str) -> Suspect | None:
        """Return the suspect that an entry is, or is one of; None for any other entry.

        A suspect that is a single entry comes before one that is several, and more deaths before fewer.
        """
        offset = order_of(entry_id)
        if offset < self._nearest:
            return None
        found = (one for one in self._all if order_of(one.first) <= offset <= order_of(one.last))
        return max(found, key=lambda suspect: (is_single(suspect), suspect.deaths), default=None)

    def add_poison(self, entry_ids: Iterable[str]) -> None:
        """Add entries that other workers have found to be poison."""
        known = {suspect.first for suspect in self._all if is_poison(suspect)}
        more = [Suspect(entry, entry, POISON_DEATHS) for entry in entry_ids if entry not in known]
        self._all = sorted([*self._all, *more], key=_end_of)
        self._nearest = self._find_nearest()

    def clear(self, entry_id: str) -> None:
        """Clear an entry that the handler has returned from, unless it is poison."""
        cleared = [suspect for suspect in self._all if suspect[:2] == (entry_id, entry_id)]
        self._drop(cleared, [suspect for suspect in self._all if suspect not in cleared])

    def pass_by(self, entry_id: str) -> None:
        """Drop the suspects up to an entry, all of which are done, in order."""
        count = bisect_right(self._all, order_of(entry_id), key=_end_of)
        self._drop(self._all[:count], self._all[count:])

    def _drop(self, dropped: Sequence[Suspect], rest: list[Suspect]) -> None:
        if not dropped:
            return
        self._all = rest
        self._nearest = self._find_nearest()
        for suspect in dropped:
            # A start that reads the bus from an earlier offset meets poison again.
            if not is_poison(suspect):
                self._mark.forget(suspect)

    def _find_nearest(self) -> tuple[float, int]:
        return min((order_of(suspect.first) for suspect in self._all), default=(math.inf, 0))


def _end_of(suspect: Suspect) -> tuple[int, int]:
    return order_of(suspect.last)


def is_single(suspect: Suspect) -> bool:
    """Return True if it is known which entry the suspect is."""
    return suspect.first == suspect.last


def is_poison(suspect: Suspect) -> bool:
    """Return True if the entry must not be handed to any handler again."""
    return is_single(suspect) and suspect.deaths >= POISON_DEATHS

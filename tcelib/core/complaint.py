"""Warnings about a peer that sends rubbish: the 1st, 2nd, 4th, 8th ... is logged, so that it cannot fill a disk."""

import logging
from collections import Counter

log = logging.getLogger("tce.connection")


class Complaints:
    """Counts for one connection, by kind."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, detail: object) -> None:
        """Log ``kind`` and ``detail`` as a warning, if it is time to. There should be few kinds."""
        self._counts[kind] += 1
        count = self._counts[kind]
        if count & (count - 1) == 0:
            log.warning("! %s: %s%s", kind, detail, f" (for the {count}th time)" if count > 2 else "")

"""TallyColumns: the memory in which all workers count together, and the columns that each of them owns."""

import logging
import os
from collections.abc import Iterable, Sequence

from rtserver.bootstrap.process.tally_file import THREADS, make_file, map_file

log = logging.getLogger(__name__)

SPARE_WORKERS = 4
"""Workers beyond those at the start that have columns: successors during a renewal, and what TTIN adds."""


class TallyColumns:
    """The columns in the open file ``number``, of which some are ``taken``. Raises ``OSError``, ``ValueError``."""

    def __init__(self, number: int, taken: Iterable[int] = ()) -> None:
        os.set_inheritable(number, False)
        self.number = number
        self._table = map_file(number)
        self._free = sorted(set(range(self._table.columns)) - set(taken), reverse=True)

    def take(self) -> list[int]:
        """Return the columns of one more worker; none if all are taken."""
        if len(self._free) < THREADS:
            log.warning("! limits by user and by address hold for the next worker alone: restart to have them shared")
            return []
        return [self._free.pop() for _ in range(THREADS)]

    def give_back(self, columns: Sequence[int]) -> None:
        """Forget what a worker that has ended had counted."""
        for column in columns:
            self._table.wipe(column)
            self._free.append(column)


def maybe_columns(workers: int) -> TallyColumns | None:
    """Return columns for so many workers and some more; None, with a warning, if the system has no such memory."""
    try:
        return TallyColumns(make_file(THREADS * (workers + SPARE_WORKERS)))
    except OSError as error:
        log.warning("! limits by user and by address hold for each worker alone: %s", error)
        return None

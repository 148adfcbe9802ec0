"""Memory that the workers of a supervisor share for their counts: a file without a name, which all of them map.

The supervisor makes it, and workers inherit it. It holds hashes and numbers, no name and no address.
"""

import errno
import logging
import mmap
import os
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from rtserver.base.limit.shared_tally import SharedTally
from rtserver.base.limit.tally_table import SECRET_BYTES, TallyColumn, TallyTable, bytes_of
from tcelib.limit.tally import LocalTally, Tally

log = logging.getLogger(__name__)

THREADS = 2
"""Columns of a worker: one for each of its threads, since only one may write."""


class Tallies(NamedTuple):
    """The tallies of one server: of the websocket thread, and of the service thread."""

    users: Tally
    services: Tally

    @property
    def unplaced(self) -> int:
        """Number of times that there was no place in memory to tell the other workers of a count or a bucket."""
        return sum(tally.unplaced for tally in self if isinstance(tally, SharedTally))


def lone_tallies() -> Tallies:
    """Return the tallies of a server that shares with nobody."""
    return Tallies(LocalTally(), LocalTally())


def make_file(columns: int) -> int:
    """Return the number of a new file with so many columns. Children do not inherit it by themselves.

    Raises ``OSError``.
    """
    if not hasattr(os, "memfd_create"):
        raise OSError(errno.ENOSYS, "only Linux has memory that is a file without a name")
    number = os.memfd_create("rtserver-tally")
    size = bytes_of(columns)
    os.ftruncate(number, size)
    with mmap.mmap(number, size) as memory:
        TallyTable.begin(memory, columns, secrets.token_bytes(SECRET_BYTES))
    return number


def map_file(number: int) -> TallyTable:
    """Return the table in a file. Raises ``OSError``, and ``ValueError`` for what is no table of this version."""
    return TallyTable(mmap.mmap(number, os.fstat(number).st_size))


def inherit_tallies(number: int | None, columns: Sequence[int]) -> Tallies:
    """Return the tallies in a worker's ``columns`` of an inherited file, which is closed; lone ones for None."""
    if number is None:
        return lone_tallies()
    try:
        table = map_file(number)
        return Tallies(*(SharedTally(TallyColumn(table, column)) for column in columns))
    except (OSError, TypeError, ValueError) as error:
        log.warning("! limits by user and by address hold for this worker alone: %s", error)
        return lone_tallies()
    finally:
        os.close(number)

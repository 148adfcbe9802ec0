"""Marks in a file that is mapped into memory: writing takes no system call, and a dead process does not undo it.

A process holds a lock (``flock``) on its file for as long as it lives. So a file that can be locked belongs to a dead
process, and its marks are inherited. Several processes may run under one worker's name, as they do while one takes
over from the other: each has a file of its own and leaves locked files alone.
"""

import fcntl
import mmap
import os
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from rtserver.base.mark.port import Mark
from rtserver.base.mark.table import SIZE, MarkTable

PROCESSES = 64  # under one worker's name


class FileMarks:
    """The marks of ``worker`` in a ``directory`` that outlives the process. Raises ``OSError``."""

    def __init__(self, directory: Path, worker: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path, self._file = _first_free(directory, worker)
        self._table = _map(self._file)
        self._table.accuse()
        for path in directory.glob(f"{_stem(worker)}.*"):
            if path != self._path:
                self._inherit(path)

    def mark(self, lane: str) -> Mark:
        """See ``MarkPort``."""
        return self._table.mark(lane)

    def clear(self) -> None:
        """See ``MarkPort``."""
        self._table.clear()

    def close(self) -> None:
        """See ``MarkPort``. Removes a file that holds no suspects."""
        self.clear()
        if self._table.is_empty:
            self._path.unlink(missing_ok=True)
        # The mapping holds the file open as well.
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)

    def _inherit(self, path: Path) -> None:
        file = _maybe_lock(path)
        if file is None:
            return
        try:
            table = _map(file)
            table.accuse()
            self._table.add(table.rows())
            path.unlink(missing_ok=True)
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
            os.close(file)


def _stem(worker: str) -> str:
    """Return a file name that is readable, as far as that goes, and different for every worker."""
    return f"{quote(worker, safe='')[:60]}-{blake2b(worker.encode(), digest_size=8).hexdigest()}"


def _first_free(directory: Path, worker: str) -> tuple[Path, int]:
    for number in range(PROCESSES):
        path = directory / f"{_stem(worker)}.{number}"
        file = _maybe_lock(path)
        if file is not None:
            return path, file
    raise OSError(f"{PROCESSES} processes run as {worker!r} already")


def _maybe_lock(path: Path) -> int | None:
    """Return the file, open and locked. None if another process has it, or just removed it after inheriting it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), path.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(file)
    return None


def _map(file: int) -> MarkTable:
    """Return the table in a file; an empty one if the file holds none."""
    if os.fstat(file).st_size != SIZE:
        os.ftruncate(file, 0)
        # Written, and not only extended: a full disk must be an error here, not the end of the process later.
        os.pwrite(file, bytes(SIZE), 0)
    table = MarkTable(mmap.mmap(file, SIZE))
    if not table.is_valid:
        table.wipe()
    return table

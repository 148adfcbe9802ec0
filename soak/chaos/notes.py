"""Notes of the workers' handlers, read from a file that grows."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Note(NamedTuple):
    """A handler handled message ``number`` of ``source``. ``life``: the worker's process."""

    worker: str
    life: int
    source: str
    number: int


class Notes:
    """The file, from its beginning on."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self.path = path
        self._position = 0
        self._rest = b""

    def read(self) -> Iterator[Note]:
        """Yield the new notes; a line that is not whole yet comes the next time."""
        with self.path.open("rb") as file:
            file.seek(self._position)
            data = file.read()
        self._position += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            worker, life, source, number = line.decode().split()
            yield Note(worker, int(life), source, int(number))

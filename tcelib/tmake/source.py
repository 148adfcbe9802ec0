"""Files -> the modules they open, in order: which file an import means, and that each is read once.

Reading itself is passed in, so that a dict of texts will do.
"""

import os
from collections.abc import Callable, Iterator, Sequence

from tcelib.tmake.syntax.error import FILE_NOT_READABLE, Problem, did_you_mean
from tcelib.tmake.syntax.parser import parse
from tcelib.tmake.syntax.tree import Import, Module, Place

Read = Callable[[str], bytes]
"""The bytes of a file; raises ``OSError``."""


def read_file(path: str) -> bytes:
    """The bytes of ``path``. If there is no such file, the error names the one that may be meant."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, f"{error.strerror}{_hint(path)}", path) from None


def _hint(path: str) -> str:
    directory = os.path.dirname(path) or "."
    beside = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    return did_you_mean(os.path.basename(path), [name for name in beside if name.endswith(os.path.splitext(path)[1])])


def load(paths: Sequence[str], read: Read = read_file) -> tuple[tuple[Module, ...], tuple[Problem, ...]]:
    """Everything that ``paths`` and their imports open, imported files where their import stands.

    An import is looked for beside the main file that led to it (TCE protocol, section 5.3).
    """
    loading = _Loading(read)
    modules = [module for path in paths for module in loading.modules_of(path, os.path.dirname(path), None)]
    return tuple(modules), tuple(loading.problems)


class _Loading:
    def __init__(self, read: Read) -> None:
        self.problems: list[Problem] = []
        self._read = read
        self._seen: set[str] = set()

    def modules_of(self, path: str, directory: str, wanted_at: Place | None) -> Iterator[Module]:
        if os.path.normpath(path) in self._seen:
            return
        self._seen.add(os.path.normpath(path))
        try:
            # Comments come in all encodings, everything else is ASCII.
            text = self._read(path).decode("utf-8", "replace")
        except (OSError, ValueError) as error:
            self.problems.append(FILE_NOT_READABLE.at(wanted_at or Place(path, 1, 1), path, reason_of(error)))
            return
        syntax, problems = parse(text, path)
        self.problems.extend(problems)
        for part in syntax.parts:
            if isinstance(part, Import):
                imported = os.path.join(directory, f"{part.name.text}.idl")
                yield from self.modules_of(imported, directory, part.name.place)
            else:
                yield part


def reason_of(error: OSError | ValueError) -> str:
    """Return the reason why a file could not be read. ``ValueError`` is for a name that no file can have."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

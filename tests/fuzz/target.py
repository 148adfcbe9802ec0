"""The targets of fuzzing: a parser of bytes, inputs to begin with, and what must hold for every input.

A target decides what counts as a finding by raising: anything that escapes ``try_one`` is one. What a parser
documents as its error is caught by the target itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

TryOne: TypeAlias = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """``make`` builds what is tried, with a directory of its own for files. ``words`` are the language's.

    ``seconds`` of CPU time are the most that one input may take, ``max_bytes`` the longest one that is made.
    """

    name: str
    make: Callable[[Path], TryOne]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    seconds: float = 2.0
    max_bytes: int = 4_096


def always(try_one: TryOne) -> Callable[[Path], TryOne]:
    """Return the ``make`` of a target that needs no directory."""

    def make(_directory: Path) -> TryOne:
        return try_one

    return make

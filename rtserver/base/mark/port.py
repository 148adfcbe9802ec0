"""Marks of what is with a handler right now, which outlive the process.

A message that kills the process leaves no exception behind, only its mark: at the next start it is a suspect. Entries
are named by their ids on the bus, lanes by any name. ``FileMarks`` is the real one and ``MemoryMarks`` its twin; both
pass the same tests.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Suspect(NamedTuple):
    """The entries of one lane from ``first`` to ``last``: one of them was with its handler when a process died.

    ``deaths`` says how often that happened.
    """

    first: str
    last: str
    deaths: int


class Mark(Protocol):
    """The mark of one lane. Its calls wait for nothing; one thread makes them."""

    def set(self, entry_id: str, deaths: int = 0) -> None:
        """Mark an entry as being with the handler; ``deaths`` is how often a process has died of it before."""

    def set_range(self, first: str, last: str, deaths: int = 0) -> None:
        """Mark several at once, which the handler flushes together."""

    def clear(self) -> None:
        """Nothing is with the handler."""

    def suspects(self) -> Sequence[Suspect]:
        """What was marked here when an earlier process died, and has not been forgotten."""

    def forget(self, suspect: Suspect) -> None:
        """The suspect is cleared: no later start hears of it."""


class MarkPort(Protocol):
    """The marks of one worker, which is known by its name from one start to the next."""

    def mark(self, lane: str) -> Mark:
        """The mark of a lane; to be called once for each."""

    def clear(self) -> None:
        """Remove all marks: the process ends in order, and no message is to blame. May be called from any thread."""

    def close(self) -> None:
        """Clear, and let go of what is held. Only the thread that sets the marks calls it."""

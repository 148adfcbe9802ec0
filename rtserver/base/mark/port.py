"""Port of marks: notes of what is with each handler right now, which outlive the process.

A message that kills the process leaves no exception behind, only its mark: at the next start it is a suspect. Entries
are named by their ids on the bus, lanes by any name. ``FileMarks`` is the real port and ``MemoryMarks`` its twin;
both pass the same tests.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Suspect(NamedTuple):
    """Entries of one lane, from ``first`` to ``last``, one of which was with the handler when a process died.

    ``deaths`` counts how often that happened.
    """

    first: str
    last: str
    deaths: int


class Mark(Protocol):
    """The mark of one lane. No call waits. One thread makes all of them."""

    def set(self, entry_id: str, deaths: int = 0) -> None:
        """Mark one entry as being with the handler. ``deaths`` counts the processes that died of it before."""

    def set_range(self, first: str, last: str, deaths: int = 0) -> None:
        """Mark several entries that the handler flushes together."""

    def clear(self) -> None:
        """Note that nothing is with the handler."""

    def suspects(self) -> Sequence[Suspect]:
        """Return the entries that were marked when an earlier process died and were not forgotten since."""

    def forget(self, suspect: Suspect) -> None:
        """Clear a suspect: no later start hears of it."""


class MarkPort(Protocol):
    """The marks of one worker, which keeps its name from one start to the next."""

    def mark(self, lane: str) -> Mark:
        """Return the mark of a lane. To be called once for each lane."""

    def clear(self) -> None:
        """Remove all marks, because the process ends in order and no message is to blame. Safe from any thread."""

    def close(self) -> None:
        """Remove all marks and release the file. Only the thread that sets the marks may call it."""

"""One sequence of numbers on its way from one source to one receiver, and what may be wrong with its arrival.

Pure. A source numbers its messages 1, 2, 3 and so on. Decides which arrival is as it was promised.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol


class Wrong(StrEnum):
    """Faults that no message may have."""

    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"


class Expectation(Protocol):
    """Messages that one receiver is to get from one source."""

    def missing(self, sent: int) -> list[int]:
        """Of the numbers up to ``sent`` those that it does not have, in order."""

    def is_complete(self, sent: int) -> bool:
        """Tell whether it has all of them. Asked often, so the cheap questions come first."""


class Track:
    """An ``Expectation`` of every number, each once. Told of each arrival by ``take``.

    ``is_ordered``: within one life of the receiver the numbers rise. Another life may go back, and have messages that
    an earlier one has had: so many as ``allow`` allows by the time when ``take_excess`` is asked. ``is_patient``:
    what was allowed and not used then may be used later, for whoever takes over from the dead waits first.
    """

    def __init__(self, is_ordered: bool = True, is_patient: bool = False) -> None:
        self._is_ordered = is_ordered
        self._is_patient = is_patient
        self._highest = 0
        self._absent: set[int] = set()  # those below the highest that have not come
        self._positions: dict[int, int] = {}  # the highest of each life
        self._allowance = 0
        self._again: list[int] = []

    @property
    def repeated(self) -> int:
        """Return the number of messages that came again to another life."""
        return len(self._again)

    def allow(self, repeats: int) -> None:
        """So many more messages may come a second time: the receiver had no chance to say that it had them."""
        self._allowance += repeats

    def take(self, number: int, life: int = 0) -> Wrong | None:
        """One arrival; what is wrong with it."""
        position = self._positions.get(life, 0)
        is_late = self._is_ordered and number <= position
        self._positions[life] = max(position, number)
        if not self._is_new(number):
            return self._take_again(number, is_late)
        self._absent.discard(number)
        self._absent.update(range(self._highest + 1, number))
        self._highest = max(self._highest, number)
        return Wrong.REORDERED if is_late else None

    def take_excess(self) -> list[int]:
        """Return the messages that came again and must not, each once."""
        excess = self._again[self._allowance :]
        del self._again[self._allowance :]
        if not self._is_patient:
            self._allowance = len(self._again)
        return excess

    def missing(self, sent: int) -> list[int]:
        """See ``Expectation``."""
        return sorted(number for number in self._absent if number <= sent) + list(range(self._highest + 1, sent + 1))

    def is_complete(self, sent: int) -> bool:
        """See ``Expectation``."""
        return self._highest >= sent and not self._absent

    def _take_again(self, number: int, is_late: bool) -> Wrong | None:
        if is_late:
            return Wrong.DOUBLED
        self._again.append(number)
        return None

    def _is_new(self, number: int) -> bool:
        return number > self._highest or number in self._absent


class Picture:
    """An ``Expectation`` of a chart: that its copy of a quote shows the last ``length`` numbers, each once, in order.

    ``shown`` gives the numbers that it shows now. How often it began anew on the way is its own affair.
    """

    def __init__(self, shown: Callable[[], Sequence[int]], length: int) -> None:
        self._shown = shown
        self._length = length

    def missing(self, sent: int) -> list[int]:
        """See ``Expectation``."""
        return sorted(set(range(max(1, sent - self._length + 1), sent + 1)).difference(self._shown()))

    def is_complete(self, sent: int) -> bool:
        """See ``Expectation``."""
        shown = self._shown()
        return sent == 0 or (bool(shown) and shown[-1] >= sent and not self.missing(sent))

    def wrong(self) -> list[tuple[Wrong, int]]:
        """Return the messages that are shown twice, or behind a later number."""
        found: list[tuple[Wrong, int]] = []
        seen: set[int] = set()
        last = 0
        for number in self._shown():
            if number in seen:
                found.append((Wrong.DOUBLED, number))
            elif number < last:
                found.append((Wrong.REORDERED, number))
            seen.add(number)
            last = max(last, number)
        return found

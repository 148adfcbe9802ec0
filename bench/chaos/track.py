"""One sequence of numbers on its way from one source to one receiver, and what may be wrong with its arrival.

Pure. A source numbers its messages 1, 2, 3 and so on. Decides which arrival is as it was promised.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Wrong(StrEnum):
    """What must not happen to a message."""

    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"


@dataclass(frozen=True)
class Contract:
    """What a receiver was promised, beside that nothing is lost.

    ``is_ordered``: within one life of the receiver the numbers rise. ``repeats``: how many messages each violent
    death of a receiver may bring a second time; those that it had handled and not been able to say so.
    """

    is_ordered: bool = True
    repeats: int = 0


class Expectation(Protocol):
    """What one receiver is to get from one source."""

    repeated: int

    def missing(self, sent: int) -> list[int]:
        """Of the numbers up to ``sent`` those that it does not have, in order."""

    def is_complete(self, sent: int) -> bool:
        """Whether it has all of them. Asked often, so the cheap questions come first."""


class Track:
    """An ``Expectation`` of every number. Told of each arrival by ``take``; ``repeated`` counts allowed doubles."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._highest = 0
        self._absent: set[int] = set()  # those below the highest that have not come
        self._position = 0  # the last one of this life
        self._allowance = 0
        self.repeated = 0

    def die(self) -> None:
        """The receiver was killed in the middle of its work."""
        self._allowance += self._contract.repeats

    def begin_life(self) -> None:
        """The receiver works again, and may have gone back."""
        self._position = 0

    def take(self, number: int) -> Wrong | None:
        """One arrival; what is wrong with it."""
        is_late = self._contract.is_ordered and number <= self._position
        self._position = max(self._position, number)
        if not self._is_new(number):
            return self._take_again(is_late)
        self._absent.discard(number)
        self._absent.update(range(self._highest + 1, number))
        self._highest = max(self._highest, number)
        return Wrong.REORDERED if is_late else None

    def missing(self, sent: int) -> list[int]:
        """See ``Expectation``."""
        return sorted(number for number in self._absent if number <= sent) + list(range(self._highest + 1, sent + 1))

    def is_complete(self, sent: int) -> bool:
        """See ``Expectation``."""
        return self._highest >= sent and not self._absent

    def _is_new(self, number: int) -> bool:
        return number > self._highest or number in self._absent

    def _take_again(self, is_late: bool) -> Wrong | None:
        if is_late or self.repeated >= self._allowance:
            return Wrong.DOUBLED
        self.repeated += 1
        return None


class Picture:
    """An ``Expectation`` of a chart: that its copy of a quote shows the last ``length`` numbers, each once, in order.

    ``shown`` gives the numbers that it shows now. How often it began anew on the way is its own affair.
    """

    repeated = 0

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
        """What it shows twice, or behind a later number."""
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

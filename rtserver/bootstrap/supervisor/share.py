"""Share: which part of the next connections each worker gets, so that all come to have as many. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

LASTING = 0.8
LONGEST_AGE = 1.0


class Count(NamedTuple):
    """Connections of a worker as it has told them: ``age`` seconds ago, and how many a second had come by then since
    the time before. ``share`` is the part of all newcomers that it was given since.
    """

    connections: int
    age: float
    growth: float
    share: float


def present_counts(counts: Sequence[Count]) -> list[int]:
    """Return how many connections each probably has by now, so that counts of different ages can be compared.

    In a storm, who told last seems to be the fullest, and the others would get all that come. The youngest count says
    how fast they come.
    """
    told = [count for count in counts if count.share > 0]
    if not told:
        return [count.connections for count in counts]
    youngest = min(told, key=lambda count: count.age)
    coming = youngest.growth / youngest.share
    return [count.connections + round(coming * count.share * min(count.age, LONGEST_AGE)) for count in counts]


def expected_newcomers(last: int, grown: int, total: int) -> int:
    """Return how many newcomers to give out next: ``grown`` have come, ``last`` were expected, ``total`` are there.

    The counts are half a second old, each by another time. Who gave out few would send a storm to whichever worker
    told its count first; so a storm is remembered, and a quarter of all is the least.
    """
    return max(grown, int(LASTING * last), total // 4)


def weights_of(counts: Sequence[int | None], newcomers: int) -> list[int]:
    """Return how many of so many ``newcomers`` each worker is to get, as one fills vessels with water.

    ``counts`` are the workers' connections; None for a worker that takes none. Every weight is 0 if all are None.
    """
    open_counts = [count for count in counts if count is not None]
    if not open_counts:
        return [0] * len(counts)
    level = _level(sorted(open_counts), max(newcomers, len(open_counts)))
    return [0 if count is None else max(0, level - count) for count in counts]


def _level(counts: Sequence[int], newcomers: int) -> int:
    """Return the count up to which the emptiest are filled by the newcomers, rounded up."""
    poured = 0
    for number, count in enumerate(counts, 1):
        poured += count
        following = counts[number] if number < len(counts) else None
        level = -(-(poured + newcomers) // number)
        if following is None or level <= following:
            return level
    raise AssertionError("the last one has no follower")

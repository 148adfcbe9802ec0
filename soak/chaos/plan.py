"""Plan of a run: its faults and their moments, drawn from a seed.

Pure: the same seed gives the same plan. Every round breaks everything once, in an order of its own. How long a fault
lasts is drawn here, what it does is ``fault``'s.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Range = tuple[float, float]

CALM_SECONDS = (0.2, 1.0)
VISITED = 0.5


@dataclass(frozen=True)
class Draw:
    """One fault: what breaks, after how much traffic, for how long, with which chances inside."""

    fault: str
    before: float
    """Seconds of traffic before it."""
    seconds: float
    """How long it lasts."""
    after: float
    """Seconds of traffic after it is over."""
    is_visited: bool
    """Whether visitors come before it, and not only when it is over."""
    seed: int
    """For what the fault itself draws: which connections, which worker."""


def plan(seed: int, faults: Sequence[tuple[str, float, float]], calm: Range = CALM_SECONDS) -> Iterator[Draw]:
    """Faults without end. ``faults``: each one's name, and the least and the most seconds that it lasts.

    ``calm``: the least and the most seconds of traffic before it, and after it.
    """
    chance = random.Random(seed)
    while True:
        for name, least, most in chance.sample(list(faults), len(faults)):
            yield Draw(
                name,
                chance.uniform(*calm),
                chance.uniform(least, most),
                chance.uniform(*calm),
                chance.random() < VISITED,
                chance.getrandbits(32),
            )

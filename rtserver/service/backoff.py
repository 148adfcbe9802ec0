"""Backoff: the pause before another try. Pure."""

from collections.abc import Callable


def full_jitter(attempt: int, first: float, longest: float, jitter: Callable[[], float]) -> float:
    """Return a random share of an exponential pause, capped: those who lost one peer do not return together.

    ``attempt`` counts from 0. ``jitter`` gives a number from 0 to 1; times are in the unit of ``first``.
    """
    return jitter() * min(longest, first * 2.0 ** min(attempt, 16))

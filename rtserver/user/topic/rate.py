"""Rates of updates. Pure.

There are a few fixed rates, so that subscribers with similar wishes share drawings and frames.
"""

from bisect import bisect_right

RATES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
"""Updates a second. A subscriber without a rate gets every update at once."""


def granted(wish: float | None, cap: float | None = None) -> float | None:
    """Return the rate for a wish of so many updates a second and a ``cap``; None means no bound.

    A wish between two rates is rounded down: the subscriber asked for less. The lowest rate is the least.
    """
    if cap is not None and (wish is None or wish > cap):
        wish = cap
    return None if wish is None else RATES[max(0, bisect_right(RATES, wish) - 1)]

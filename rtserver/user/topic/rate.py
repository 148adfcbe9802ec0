"""How often a member is sent what is new on a topic. Pure.

Decides which rates there are: a few, so that those who wish for about the same share what is drawn and framed.
"""

from bisect import bisect_right

RATES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
"""Updates a second. Whoever has none of them gets every update at once."""


def granted(wish: float | None, cap: float | None = None) -> float | None:
    """What is given to one who wishes for so many updates a second and may have ``cap``; None means no bound.

    A rate between two of them is rounded down: to be sent less is what was asked for. Below the lowest is the lowest.
    """
    bounds = [bound for bound in (wish, cap) if bound is not None]
    if not bounds:
        return None
    return RATES[max(0, bisect_right(RATES, min(bounds)) - 1)]

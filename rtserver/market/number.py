"""Number and Label: the numbers and the labels of market data."""

import math
from typing import TypeAlias

MOST_EXACT = 2**53
"""Integers up to here are exact in a float. Sums and products beyond are floats: states have integers of 64 bits."""

Number: TypeAlias = int | float
"""A price, a volume or a turnover. An integer stays one, so that it looks on the wire as its producer wrote it."""

Label: TypeAlias = int | float | str
"""The label of a bar: epoch milliseconds, or a text such as "09:30:01"."""


def finite(value: float) -> float | None:
    """Return the result of a formula; None if it is too large for a float, as a quotient of almost nothing is."""
    return value if math.isfinite(value) else None

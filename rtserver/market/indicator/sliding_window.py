"""SlidingWindow: an aggregate of the newest values, at a cost that does not grow with their number.

Nothing is ever subtracted: once a value has left the window, no rounding error of it is left. The values lie in two
stacks. The older stack keeps, for each value, the aggregate from there to its newest value, so that removing the
oldest value is a pop. The newer stack has one running aggregate. When the older stack is empty, the newer one is
turned over into it, which costs each value one combination more.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

from rtserver.market.indicator.line_part import LinePart
from rtserver.market.number import Number

A = TypeVar("A")


class SlidingWindow(LinePart, Generic[A]):
    """Aggregate of the newest ``length`` values, by an associative ``combine(older, newer)`` such as ``max``.

    A step costs two combinations on average and one of the ``length`` is rare: amortised constant. ``next`` without
    ``keep`` is one combination.
    """

    __slots__ = ("_combine", "_newer", "_newer_whole", "_older", "_others", "_rest")

    def __init__(self, length: int, combine: Callable[[A, A], A]) -> None:
        self._combine = combine
        self._others = length - 1
        """The number of values that are kept: with the next one the window is full."""
        self._older: list[A] = []  # aggregates, the shortest first
        self._newer: list[A] = []  # values, the oldest first
        self._newer_whole: A | None = None
        self._rest: A | None = None  # of all kept values, if the window is full with the next one

    def next(self, value: A, *, keep: bool) -> A | None:
        """Return the aggregate of the newest values with ``value``, or None while there are too few."""
        rest = self._rest
        if keep and self._others:
            self._push(value)
        if rest is not None:
            return self._combine(rest, value)
        return None if self._others else value

    def _push(self, value: A) -> None:
        older, newer = self._older, self._newer
        whole = self._newer_whole
        self._newer_whole = value if whole is None else self._combine(whole, value)
        newer.append(value)
        count = len(older) + len(newer)
        if count > self._others:
            if not older:
                self._turn_over()
            older.pop()
        if count >= self._others:
            self._rest = self._combine_stacks()

    def _turn_over(self) -> None:
        older, newer, combine = self._older, self._newer, self._combine
        whole = newer.pop()
        older.append(whole)
        while newer:
            whole = combine(newer.pop(), whole)
            older.append(whole)
        self._newer_whole = None

    def _combine_stacks(self) -> A | None:
        whole = self._newer_whole
        if not self._older:
            return whole
        return self._older[-1] if whole is None else self._combine(self._older[-1], whole)

    def snapshot(self) -> tuple[Any, ...]:
        return tuple(self._older), tuple(self._newer), self._newer_whole, self._rest

    def restore(self, state: tuple[Any, ...]) -> None:
        older, newer, self._newer_whole, self._rest = state
        self._older, self._newer = list(older), list(newer)


Moments: TypeAlias = tuple[int, Number, Number]
"""Number of some values, their mean, and the sum of the squared differences from it. Of one value: (1, value, 0)."""

Weighted: TypeAlias = tuple[int, Number, Number]
"""Number of some values, their sum, and their sum weighted 1 for the oldest, 2 for the next, and so on. Of one value:
(1, value, value)."""


def combine_moments(one: Moments, other: Moments) -> Moments:
    """Return the moments of the values of both.

    The formula of Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances" (1979): no square of a large number is subtracted from another.
    """
    size, mean, squares = one
    other_size, other_mean, other_squares = other
    whole = size + other_size
    apart = other_mean - mean
    part = apart * other_size / whole
    return whole, mean + part, squares + other_squares + apart * part * size


def combine_weighted(older: Weighted, newer: Weighted) -> Weighted:
    """Return the sums of the values of both."""
    size, total, weighted = older
    newer_size, newer_total, newer_weighted = newer
    return size + newer_size, total + newer_total, weighted + newer_weighted + size * newer_total

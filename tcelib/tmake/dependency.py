"""Order of things that need one another, and the circles among them."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

K = TypeVar("K")


def in_order(needs: Mapping[K, Iterable[K]]) -> tuple[list[K], list[list[K]]]:
    """The keys, each behind those it needs, and the circles, each from its first key back to it.

    Neither what is in a circle nor what needs one is in the order. What is needed but no key is passed over.
    """
    left = {key: [other for other in of_key if other in needs] for key, of_key in needs.items()}
    circles: list[list[K]] = []
    while True:
        try:
            return list(TopologicalSorter(left).static_order()), circles
        except CycleError as error:
            circle = _from_first(error.args[1][:0:-1], list(needs))
            circles.append(circle)
            left = _without(left, set(circle))


def _from_first(circle: list[K], order: list[K]) -> list[K]:
    start = min(range(len(circle)), key=lambda at: order.index(circle[at]))
    return [*circle[start:], *circle[:start], circle[start]]


def _without(needs: dict[K, list[K]], lost: set[K]) -> dict[K, list[K]]:
    """Return ``needs`` without ``lost`` and without all that needs any of it."""
    while more := {key for key, of_key in needs.items() if key not in lost and not lost.isdisjoint(of_key)}:
        lost |= more
    return {key: of_key for key, of_key in needs.items() if key not in lost}

"""Holding: the items that a holder has, and those of them that the registry has to be told of. Pure.

Each item counts with its last state, so an item that comes and goes between two looks costs nothing, and a slice that
may have been told or not is told again.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tcelib.lease.port import SLICE


class Slice(NamedTuple):
    """Items of one kind that are to be told as held, or else as dropped."""

    what: str
    items: tuple[str, ...]
    is_held: bool


class Holding:
    """The items of one holder."""

    def __init__(self) -> None:
        self._items: dict[str, set[str]] = {}
        self._untold: dict[tuple[str, bool], dict[str, None]] = {}

    def hold(self, what: str, item: str) -> None:
        """Add an item."""
        self._items.setdefault(what, set()).add(item)
        self._note(what, item, True)

    def drop(self, what: str, item: str) -> None:
        """Remove an item."""
        self._items.setdefault(what, set()).discard(item)
        self._note(what, item, False)

    def count(self, what: str) -> int:
        """Return the number of items of a kind."""
        return len(self._items.get(what, ()))

    @property
    def has_untold(self) -> bool:
        """True if the registry has to be told of something."""
        return any(self._untold.values())

    def next_slice(self) -> Slice | None:
        """Return items that are to be told next; ``told`` removes them."""
        for (what, is_held), items in self._untold.items():
            if items:
                return Slice(what, tuple(_first(items)), is_held)
        return None

    def told(self, done: Slice) -> None:
        """Note that the registry has been told of a slice. Nothing may have changed in between."""
        untold = self._untold[done.what, done.is_held]
        for item in done.items:
            del untold[item]

    def tell_again(self) -> None:
        """Begin anew: the holder has another lease, under which nothing is held yet."""
        self._untold = {(what, True): dict.fromkeys(items) for what, items in self._items.items()}

    def _note(self, what: str, item: str, is_held: bool) -> None:
        self._untold.setdefault((what, not is_held), {}).pop(item, None)
        self._untold.setdefault((what, is_held), {})[item] = None


def _first(items: dict[str, None]) -> Iterator[str]:
    return (item for item, _ in zip(items, range(SLICE), strict=False))

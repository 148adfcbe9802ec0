"""Listing: everybody who is present in a scope at one moment, in pages. Pure."""

from collections.abc import Collection, Mapping

import msgspec

PAGE = 2_000
"""Users on a page: some 20 KB of JSON."""
ROW = 1_000
"""Users of one row of a difference at most."""


class Listing:
    """Users in no order, each on one page. ``at_ms`` is the moment."""

    def __init__(self, at_ms: int, users: Collection[str]) -> None:
        self.at_ms = at_ms
        self._users = tuple(users)
        self._first: bytes | None = None

    @property
    def count(self) -> int:
        """The number of users."""
        return len(self._users)

    @property
    def pages(self) -> int:
        """The number of pages, 1 at least."""
        return max(1, -(-len(self._users) // PAGE))

    def first(self) -> bytes:
        """Return the first page as JSON, with what leads to the others. It is made once for all who ask."""
        if self._first is None:
            head = {"count": self.count, "at": self.at_ms, "pages": self.pages, "users": self._users[:PAGE]}
            self._first = msgspec.json.encode(head)
        return self._first

    def page(self, number: int) -> bytes:
        """Return a page as JSON; the first one has the number 0."""
        return msgspec.json.encode({"users": self._users[number * PAGE : (number + 1) * PAGE]})


def rows_of(changed: Mapping[str, bool], count: int) -> list[bytes]:
    """Return a difference as the JSON of rows: those who have joined, True, and left, and how many there are now."""
    joins = [user for user, is_here in changed.items() if is_here]
    leaves = [user for user, is_here in changed.items() if not is_here]
    rows = []
    for first in range(0, len(joins) + len(leaves), ROW):
        last = first + ROW
        left = leaves[max(0, first - len(joins)) : max(0, last - len(joins))]
        rows.append(msgspec.json.encode({"joins": joins[first:last], "leaves": left, "count": count}))
    return rows

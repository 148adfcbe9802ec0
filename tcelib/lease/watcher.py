"""Watcher: a copy of a registry that is kept up to date with the changes that are told.

It begins with a snapshot, as of a position, and applies every change behind that position, in order. A change that
the snapshot has in it already is applied once more, which changes nothing. Where changes are missing it begins anew.
"""

from collections.abc import Collection

from tcelib.lease.port import NOWHERE, Change, LeasePort, Op, Registration

COUNT = 100
"""Changes that are read at once: of a thousand items each at most."""


class View:
    """The registry as a watcher knows it: the holders that are there, and what they hold. Pure."""

    def __init__(self) -> None:
        self.holders: dict[int, Registration] = {}
        self._held: dict[tuple[int, str], set[str]] = {}

    def held(self, number: int, what: str) -> frozenset[str]:
        """Return the items of one holder."""
        return frozenset(self._held.get((number, what), ())) if number in self.holders else frozenset()

    def all_held(self, what: str) -> frozenset[str]:
        """Return the items that any holder has."""
        return frozenset().union(*(self.held(number, what) for number in self.holders))

    def apply(self, change: Change) -> None:
        """Bring the view up to a change."""
        number, key = change.number, (change.number, change.what)
        if change.op is Op.JOINED:
            assert change.registration is not None
            self.holders[number] = change.registration
        elif change.op is Op.HELD:
            self._held.setdefault(key, set()).update(change.items)
        elif change.op is Op.DROPPED:
            self._held.get(key, set()).difference_update(change.items)
        else:
            self.holders.pop(number, None)
            for gone in [one for one in self._held if one[0] == number]:
                del self._held[gone]

    def add(self, number: int, registration: Registration) -> None:
        """Add a holder of the snapshot."""
        self.holders[number] = registration

    def add_items(self, number: int, what: str, items: Collection[str]) -> None:
        """Add items of the snapshot."""
        self._held.setdefault((number, what), set()).update(items)


class Watcher:
    """Follows a registry. ``holds`` names the kinds of items that are of interest; their items are in the view."""

    def __init__(self, leases: LeasePort, holds: Collection[str] = ()) -> None:
        self._leases = leases
        self._holds = frozenset(holds)
        self._position = NOWHERE
        self.view = View()

    def look(self) -> list[Change] | None:
        """Bring the view up to date and return the changes since the last time. None if the view was made anew.

        Raises ``RegistryError``; the view is as it was then, and the next call goes on.
        """
        changes = self._read()
        if changes is None:
            self._begin()
            return None
        told = [change for change in changes if not change.what or change.what in self._holds]
        for change in told:
            self.view.apply(change)
        if changes:
            self._position = changes[-1].position
        return told

    def wait(self, seconds: float) -> None:
        """Wait until there is a change behind the last look, for ``seconds`` at most. Raises ``RegistryError``."""
        self._leases.wait(self._position, seconds)

    def _read(self) -> list[Change] | None:
        """Return all changes behind the position; None if some may be missing."""
        read: list[Change] = []
        while True:
            more = self._leases.changes(read[-1].position if read else self._position, COUNT)
            if more is None:
                return None
            read += more
            if len(more) < COUNT:
                return read

    def _begin(self) -> None:
        position, view = self._leases.position(), View()
        for holder in self._leases.holders():
            view.add(holder.number, holder.registration)
            for what in self._holds & frozenset(holder.registration.holds):
                cursor, is_first = "", True
                while cursor or is_first:
                    items, cursor = self._leases.held(holder.number, what, cursor)
                    view.add_items(holder.number, what, items)
                    is_first = False
        self._position, self.view = position, view

"""Scopes of presence: everybody, the members of a group of Django, or those who have joined a channel. Pure.

A scope is a text: ``all``, ``group:NAME`` or ``channel:NAME``. Who is in ``all`` follows from the users that workers
hold; for the others a worker holds one item for each scope and user.
"""

from collections.abc import Collection

from rtserver.registry.worker_lease import USER
from tcelib.lease.port import Change

ALL = "all"
CHANNELS = "channels"
"""Word of the settings for all channels."""
GROUP, CHANNEL = "group:", "channel:"
MEMBER = "member"
"""Kind of the items that say which user is in which scope."""
LONGEST_NAME = 128
_SEPARATOR = "\n"


def member_item(scope: str, user_id: str) -> str:
    """Return the item of a user in a scope other than ``all``."""
    return f"{scope}{_SEPARATOR}{user_id}"


def place_of(what: str, item: str) -> tuple[str, str] | None:
    """Return the scope and the user of an item that a holder has; None for one that is not about presence."""
    if what == USER:
        return ALL, item
    scope, separator, user_id = item.partition(_SEPARATOR)
    return (scope, user_id) if what == MEMBER and separator else None


def places_of(change: Change) -> list[tuple[str, str]]:
    """Return the scopes and users that a change of items is about."""
    places = (place_of(change.what, item) for item in change.items)
    return [place for place in places if place is not None]


class Offer:
    """The scopes that a server offers, by the words of its settings: ``all``, ``channels``, ``group:NAME``."""

    def __init__(self, words: Collection[str] = ()) -> None:
        self._words = frozenset(words)

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self._words)

    def __contains__(self, scope: str) -> bool:
        """Return whether a scope is offered. A name has up to 128 characters, all of which can be printed."""
        if scope.startswith(CHANNEL):
            name = scope.removeprefix(CHANNEL)
            return CHANNELS in self._words and 0 < len(name) <= LONGEST_NAME and name.isprintable()
        return scope in self._words and scope != CHANNELS

    @property
    def groups(self) -> frozenset[str]:
        """The names of the groups."""
        return frozenset(word.removeprefix(GROUP) for word in self._words if word.startswith(GROUP))

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of items that tell who is in these scopes."""
        return frozenset(USER if word == ALL else MEMBER for word in self._words)

"""ChannelMembers: which users are in which channels on this server, by their subscriptions. Pure."""

from collections import Counter
from collections.abc import Callable

from rtserver.registry.presence_scope import MEMBER, member_item
from rtserver.service.topic.topic import Viewer

Note = Callable[[str, str], object]
"""Notes an item of a kind."""


class ChannelMembers:
    """A user is in a channel from its first subscription to the last one. ``hold`` and ``drop`` tell the registry."""

    def __init__(self, hold: Note, drop: Note) -> None:
        self._hold = hold
        self._drop = drop
        self._items: dict[Viewer, str] = {}
        self._counts: Counter[str] = Counter()

    def join(self, viewer: Viewer, scope: str, user_id: str) -> None:
        """Note a subscription."""
        item = self._items[viewer] = member_item(scope, user_id)
        self._counts[item] += 1
        if self._counts[item] == 1:
            self._hold(MEMBER, item)

    def part(self, viewer: Viewer) -> None:
        """Note its end, if it was one."""
        item = self._items.pop(viewer, None)
        if item is None:
            return
        self._counts[item] -= 1
        if not self._counts[item]:
            del self._counts[item]
            self._drop(MEMBER, item)

"""GroupMembers: which connected users are in which of some groups. Pure."""

from collections.abc import Callable, Collection

from rtserver.user.identity import Identity

Note = Callable[[str, str], object]


class GroupMembers:
    """Tells of the users of ``groups`` who are here; of a user, what was looked up last counts.

    ``joined`` and ``parted`` get a group and a user's id. They must not wait.
    """

    def __init__(self, groups: Collection[str], joined: Note, parted: Note) -> None:
        self._groups = frozenset(groups)
        self._joined = joined
        self._parted = parted
        self._by_user: dict[str, frozenset[str]] = {}

    def look_at(self, user: Identity) -> None:
        """Note the groups of a user who is here, which may have changed."""
        self._change(str(user.user_id), self._groups & user.groups)

    def went(self, user_id: str) -> None:
        """Note that a user is here no more."""
        self._change(user_id, frozenset())

    def _change(self, user_id: str, groups: frozenset[str]) -> None:
        before = self._by_user.pop(user_id, frozenset())
        if groups:
            self._by_user[user_id] = groups
        for group in groups - before:
            self._joined(group, user_id)
        for group in before - groups:
            self._parted(group, user_id)

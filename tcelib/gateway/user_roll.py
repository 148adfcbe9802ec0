"""UserRoll: the users who are connected to a gateway, each with the number of his connections. Pure."""

from collections.abc import Iterator


class UserRoll:
    """Users by id, over all endpoints that clients come in at."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def __contains__(self, user_id: str) -> bool:
        """Return whether a user is here."""
        return user_id in self._counts

    def __len__(self) -> int:
        """Return the number of users."""
        return len(self._counts)

    def __iter__(self) -> Iterator[str]:
        """Go through the ids."""
        return iter(self._counts)

    def came(self, user_id: str) -> bool:
        """Note one more connection of a user. Return true for the first one."""
        count = self._counts[user_id] = self._counts.get(user_id, 0) + 1
        return count == 1

    def went(self, user_id: str) -> bool:
        """Note one connection less. Return true for the last one."""
        count = self._counts.get(user_id, 0) - 1
        if count > 0:
            self._counts[user_id] = count
            return False
        return self._counts.pop(user_id, None) is not None

"""How far the pushed messages have come on this side: for everybody, and for each user who gets them all.

Decides what a user has seen: everything up to the newest offset, as long as a page of his is open that has been told
what came before it. Pure bookkeeping; who writes it down is the service side's business.
"""

from collections.abc import Iterable

from rtserver.user.user_agent import UserAgent


class Delivery:
    """``offset`` is the newest of all messages that were pushed here; None until the beginning is known."""

    def __init__(self) -> None:
        self.offset: str | None = None
        self._complete: dict[str, set[int]] = {}
        self._changed: set[str] = set()
        self._left: dict[str, str] = {}
        self._is_everyone_changed = False

    def begin(self, offset: str) -> None:
        """What lies behind ``offset`` is pushed here."""
        if self.offset is None:
            self.offset = offset

    def on_push(self, user_ids: Iterable[int | str] | None, offset: str) -> None:
        """A message has been pushed to the agents of the users; None are all."""
        self.offset = offset
        if user_ids is None:
            self._is_everyone_changed = True
        else:
            self._changed.update(map(str, user_ids))

    def on_complete(self, agent: UserAgent) -> None:
        """The agent has got what came before it: from now on it misses nothing."""
        user_id = str(agent.user.user_id)
        self._complete.setdefault(user_id, set()).add(agent.id)
        self._changed.add(user_id)

    def on_remove(self, agent: UserAgent) -> bool:
        """The agent has gone; whether it was the user's last that missed nothing, so that it has to be told."""
        user_id = str(agent.user.user_id)
        agents = self._complete.get(user_id)
        if agents is None or agent.id not in agents:
            return False
        agents.discard(agent.id)
        if agents:
            return False
        del self._complete[user_id]
        if self.offset is not None:
            self._left[user_id] = self.offset
        return True

    def take_seen(self) -> tuple[tuple[str, str], ...]:
        """Users and the offsets up to which they have seen everything, as far as that is new since the last time."""
        changed = self._complete.keys() if self._is_everyone_changed else self._changed & self._complete.keys()
        seen = self._left
        if self.offset is not None:
            seen |= dict.fromkeys(changed, self.offset)
        self._left, self._changed, self._is_everyone_changed = {}, set(), False
        return tuple(seen.items())

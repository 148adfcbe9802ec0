"""PushOrder: for each message to one user, the last message before it that may be for the same user. Pure.

The worker that keeps all messages says so to the workers that it tells of one directly (``early_pushes``): a message
may overtake the bus, and never another one of its user.
"""

from collections.abc import Collection

from rtserver.base.queue.port import START, just_before, later_of, order_of

MOST_USERS = 20_000
"""Users whose last message is known. Of more, the half that was noted last is known at least; for the others an entry
counts that is not before their last one.
"""


class PushOrder:
    """Order of what one worker keeps. Of what lies up to ``behind`` it knows nothing."""

    def __init__(self, behind: str = START) -> None:
        self.begin(behind)

    def begin(self, behind: str) -> None:
        """Forget all, and go on behind an entry."""
        self._newest = self._floor = self._turned_at = behind
        self._older: dict[str, str] = {}
        self._last: dict[str, str] = {}

    def note(self, entry_id: str, user_ids: Collection[int | str] | None) -> str:
        """Note the next message, None for one to everyone. Return what came before it; empty unless it is for one
        user.

        A message that comes once more has everything before it in front of it: all else may come again as well.
        """
        if order_of(entry_id) <= order_of(self._newest):
            self.begin(just_before(entry_id))
        before = self._floor
        if user_ids is None or len(user_ids) > 1:
            self._floor = entry_id
        elif user_ids:
            user_id = str(*user_ids)
            before = later_of(before, self._last.get(user_id) or self._older.get(user_id) or before)
            self._last[user_id] = entry_id
        if len(self._last) >= MOST_USERS // 2:
            # The older half holds nothing that is later than the turn before this one.
            self._floor = later_of(self._floor, self._turned_at)
            self._older, self._last, self._turned_at = self._last, {}, entry_id
        self._newest = entry_id
        return before if user_ids is not None and len(user_ids) == 1 else ""

"""The verbs of the websocket thread's users, spoken from the service thread: each becomes one message on the bridge.

Knows no agent and no socket; who is connected is known on the other side only.
"""

from collections.abc import Callable, Iterable
from typing import Any

from rtserver.base.messages import CloseSession, Kick, Message, PushUser, Recheck

EVERYONE = "*"


class Users:
    """All logged-in users, as far as a service needs them. ``post`` is the bridge's way to the websocket thread."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post

    def push_message(self, user_id: int | str | Iterable[int | str], data: Any, type: str) -> None:  # noqa: A002
        """Send ``{"type": type, "data": data}`` to every open agent of a user, of several, or of everyone (``"*"``).

        ``data`` is plain JSON data, and belongs to the other thread from here on: do not change it afterwards.
        """
        user_ids: tuple[int | str, ...] | None
        if user_id == EVERYONE:
            user_ids = None
        elif isinstance(user_id, int | str):
            user_ids = (user_id,)
        else:
            user_ids = tuple(user_id)
        self._post(PushUser(user_ids, type, data))

    def kick(self, user_id: int | str, reason: str) -> None:
        """Close every socket of a user with 4003."""
        self._post(Kick(user_id, reason))

    def recheck(self, user_id: int | str) -> None:
        """Look again who a user is (everyone: ``"*"``); what they may not have any more ends."""
        self._post(Recheck(user_id))

    def close_session(self, session_key: str) -> None:
        """Close every socket of a session with 4009."""
        self._post(CloseSession(session_key))

"""The verbs of the websocket thread's users, spoken from the service thread: each becomes one message on the bridge.

Knows no agent and no socket; who is connected is known on the other side only.
"""

from collections.abc import Callable, Iterable
from typing import Any

from rtserver.base.bridge.message import CloseSession, Deliver, Kick, Message, Recheck
from rtserver.base.wire.client_message import encode
from rtserver.base.wire.message_size import MessageSizeLimit, MessageTooLargeError
from rtserver.service.message import BadData

EVERYONE = "*"


class UserCommands:
    """All logged-in users, as far as a service needs them. ``post`` is the bridge's way to the websocket thread.

    ``sizes`` says which messages clients can take.
    """

    def __init__(self, post: Callable[[Message], object], sizes: MessageSizeLimit | None = None) -> None:
        self._post = post
        self._sizes = sizes or MessageSizeLimit()

    def push_message(self, user_id: int | str | Iterable[int | str], data: Any, type: str) -> None:  # noqa: A002
        """Send ``{"type": type, "data": data}`` to every open agent of a user, of several, or of everyone (``"*"``).

        ``data`` is plain JSON data. Raises ``JsonError`` for what JSON cannot say, and ``BadData`` for a message that
        no client could take; a handler that lets it pass sends its own message to the dead stream with that reason.
        """
        payload = encode(type, data)
        try:
            self._sizes.check(payload, type)
        except MessageTooLargeError as error:
            raise BadData(str(error)) from None
        user_ids: tuple[int | str, ...] | None
        if user_id == EVERYONE:
            user_ids = None
        elif isinstance(user_id, int | str):
            user_ids = (user_id,)
        else:
            user_ids = tuple(user_id)
        self._post(Deliver(user_ids, payload, None))

    def kick(self, user_id: int | str, reason: str) -> None:
        """Close every socket of a user with 4003."""
        self._post(Kick(user_id, reason))

    def recheck(self, user_id: int | str) -> None:
        """Look again who a user is (everyone: ``"*"``); what they may not have any more ends."""
        self._post(Recheck(user_id))

    def close_session(self, session_key: str) -> None:
        """Close every socket of a session with 4009."""
        self._post(CloseSession(session_key))

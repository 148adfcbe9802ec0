"""UserCommands: what a service may do to the websocket thread's users. Each command is one message on the bridge.

It knows no agent and no socket: the other thread knows which users are connected.
"""

from collections.abc import Callable, Iterable

from rtserver.base.bridge.message import CloseSession, Deliver, Kick, Message, Recheck
from rtserver.base.wire.client_message import encode
from rtserver.base.wire.message_size import MessageSizeLimit, MessageTooLargeError
from rtserver.service.message import BadData

EVERYONE = "*"


class UserCommands:
    """Commands for all logged-in users. ``post`` puts a message on the bridge to the websocket thread.

    ``sizes`` bounds the messages that clients can take.
    """

    def __init__(self, post: Callable[[Message], object], sizes: MessageSizeLimit | None = None) -> None:
        self._post = post
        self._sizes = sizes or MessageSizeLimit()

    def push_message(self, user_id: int | str | Iterable[int | str], data: object, type: str) -> None:  # noqa: A002
        """Send ``{"type": type, "data": data}`` to every agent of a user, of several users, or of everyone (``"*"``).

        ``data`` is plain JSON data. Raises ``JsonError`` for data that JSON cannot hold, and ``BadData`` for a
        message that no client could take. A handler that lets the error pass sends its own message to the dead stream
        with that reason.
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
        """Close every connection of a user with 4003."""
        self._post(Kick(user_id, reason))

    def recheck(self, user_id: int | str) -> None:
        """Look up a user (or everyone: ``"*"``) again, and end whatever they may not have any more."""
        self._post(Recheck(user_id))

    def close_session(self, session_key: str) -> None:
        """Close every connection of a session with 4009."""
        self._post(CloseSession(session_key))

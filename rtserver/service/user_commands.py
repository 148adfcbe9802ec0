"""UserCommands: what a service may do to users, and ask about them.

A command is one message on the bridge: the other thread knows which users are connected to this server. A question is
for the registry, which knows those of all servers.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from rtserver.base.bridge.message import CloseSession, Deliver, Kick, Message, Recheck
from rtserver.base.wire.client_message import encode
from rtserver.base.wire.message_size import MessageSizeLimit, MessageTooLargeError
from rtserver.service.message import BadData

EVERYONE = "*"


class Places(Protocol):
    """The registry of users, as a service asks it. ``rtserver.registry.user_place.UserPlaces`` is one."""

    def online(self, user_ids: Iterable[int | str]) -> set[int | str]:
        """See ``UserCommands``."""

    def where(self, user_id: int | str) -> tuple[str, ...]:
        """See ``UserCommands``."""


class NoPlaces:
    """The registry of a server that has none: nobody is online."""

    def online(self, user_ids: Iterable[int | str]) -> set[int | str]:
        """See ``Places``."""
        return set()

    def where(self, user_id: int | str) -> tuple[str, ...]:
        """See ``Places``."""
        return ()


def count_nobody(scope: str) -> int:
    """Refuse to count: the ``count`` of a server that offers no presence. Raises ``BadData``."""
    raise BadData(f"this server offers no presence of {scope!r}")


class UserCommands:
    """Commands for all logged-in users. ``post`` puts a message on the bridge to the websocket thread.

    ``sizes`` bounds the messages that clients can take. ``places`` and ``count`` answer questions.
    """

    def __init__(
        self,
        post: Callable[[Message], object],
        sizes: MessageSizeLimit | None = None,
        places: Places | None = None,
        count: Callable[[str], int] = count_nobody,
    ) -> None:
        self._post = post
        self._sizes = sizes or MessageSizeLimit()
        self._places = places or NoPlaces()
        self._count = count

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

    def online(self, user_ids: Iterable[int | str]) -> set[int | str]:
        """Return those users who have a connection to any server on this queue, as they were given.

        It is one look at Redis for each server and thousand users, and waits while Redis is away. Users come and go
        meanwhile, and those of a server that died count for up to ten seconds more.
        """
        return self._places.online(user_ids)

    def count(self, scope: str = "all") -> int:
        """Return how many users are present in a scope, those included who have left a moment ago.

        Raises ``BadData`` for a scope that the setting ``presence`` does not offer. The first call reads the
        registry, which takes seconds for a million users; for a minute from then on this server keeps what it has
        read up to date.
        """
        return self._count(scope)

    def where(self, user_id: int | str) -> tuple[str, ...]:
        """Return the names of the servers that a user is connected to. Waits while Redis is away."""
        return self._places.where(user_id)

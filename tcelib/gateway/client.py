"""Clients of a gateway, and the doors they come in by."""

import math
from typing import Any

from tcelib.gateway.way import Way
from tcelib.wire.extra_map import pair
from tcelib.wire.message import USER_ID
from tcelib.wire.text import encode_text

MOST_FORMER = 8


class Client:
    """Connection of one client. ``connection`` is the shell's own object for it, which nothing here looks at.

    ``waiting`` has the two-way calls that were forwarded and not answered: number (``head.parts_of``) -> ticket
    (see ``traffic``), and nothing else. ``deadline`` is no later than that of the first of them, or infinity.
    ``mark`` tells the connections of one user apart: it is in the low bits of the ``call_id`` of their calls.
    """

    __slots__ = (
        "connection",
        "deadline",
        "door",
        "former",
        "mark",
        "user_id",
        "user_key",
        "user_pair",
        "waiting",
    )

    def __init__(self, door: "Door", connection: Any) -> None:
        self.door = door
        self.connection = connection
        self.user_id = ""
        self.user_key = b""
        self.user_pair = b""
        self.former: tuple[bytes, ...] = ()
        self.mark = 0
        self.waiting: dict[int, int] = {}
        self.deadline = math.inf

    @property
    def is_full(self) -> bool:
        """Return true if the connection is to be read no further: as many calls wait as may."""
        return len(self.waiting) >= self.door.most_waiting

    def set_user(self, user_id: str) -> None:
        """Use ``user_id`` from now on. Raises ``ValueError`` for a text that would not come back."""
        self.user_pair = pair(USER_ID, user_id)
        self.user_key = encode_text(user_id)
        self.user_id = user_id


class Door:
    """Endpoint that clients connect to: the ways of their calls by interface, and the clients by user.

    Of several connections of one user the last one gets what is sent to the user. Each gets the answers of its own
    calls, under all ids that it has had while they wait.
    """

    def __init__(self, name: str, *, is_silent: bool, checks_user_ids: bool, most_waiting: int) -> None:
        self.name = name
        self.is_silent = is_silent
        self.checks_user_ids = checks_user_ids
        self.most_waiting = most_waiting
        self.calls: dict[int, Way] = {}
        self.homes: dict[bytes, Client] = {}
        self.others: dict[bytes, list[Client]] = {}
        self.clients: set[Client] = set()

    def enter(self, client: Client) -> None:
        """Make the client the home of its user."""
        key = client.user_key
        other = self.homes.get(key)
        if other is not None and other is not client:
            self.others.setdefault(key, []).append(other)
        self.homes[key] = client

    def rename(self, client: Client, user_id: str) -> None:
        """Give the client another user id; answers of calls that wait still find it by the id that it had."""
        former, key = client.former, client.user_key
        client.set_user(user_id)
        if key and key != client.user_key:
            self._leave_home(client, key)
            if client.waiting:
                self.others.setdefault(key, []).append(client)
                client.former = (*former, key)[-MOST_FORMER:]
                for forgotten in former[: max(0, len(former) + 1 - MOST_FORMER)]:
                    self._forget(client, forgotten)
        self.enter(client)

    def leave(self, client: Client) -> None:
        """Forget a client whose connection is lost. The user's connection before it is the home again."""
        self.clients.discard(client)
        self._leave_home(client, client.user_key)
        for key in client.former:
            self._forget(client, key)

    def owner_of(self, key: int, user: bytes) -> Client | None:
        """Return the connection on which the call with this number waits, beside the home of its user."""
        return next((each for each in self.others.get(user, ()) if key in each.waiting), None)

    def _leave_home(self, client: Client, key: bytes) -> None:
        if self.homes.get(key) is not client:
            self._forget(client, key)
            return
        del self.homes[key]
        for other in reversed(self.others.get(key, ())):
            if other.user_key == key and other is not client:
                self.homes[key] = other
                self._forget(other, key)
                break

    def _forget(self, client: Client, key: bytes) -> None:
        others = self.others.get(key)
        if others is not None and client in others:
            others.remove(client)
            if not others:
                del self.others[key]

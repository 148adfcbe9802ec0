"""UserPlaces: which users are connected, and to which servers. For handlers of the service thread.

A user is online while a server with a lease has a connection of theirs. A server that died is left out when its lease
ends, up to ten seconds later.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from rtserver.registry.running_server import WORKER, asked
from rtserver.registry.worker_lease import USER
from tcelib.lease.port import LeasePort

T = TypeVar("T")


class Call(Protocol):
    """Asks the queue's Redis, as often as it takes. ``QueueLink.call`` is one."""

    def __call__(self, operation: Callable[[], T], /) -> T:
        """Return ``operation()``. May raise ``QueueError``."""


class UserPlaces:
    """Look-ups in the registry. ``leases`` must wait as the caller may: on gevent's sockets for a greenlet."""

    def __init__(self, leases: LeasePort, call: Call = asked) -> None:
        self._leases = leases
        self._call = call
        self._names: dict[int, str] = {}

    def online(self, user_ids: Iterable[int | str]) -> set[int | str]:
        """Return those users who have a connection to any server, as they were given."""
        users = list(user_ids)
        found = self._where([str(user_id) for user_id in users])
        return {user_id for user_id in users if str(user_id) in found}

    def where(self, user_id: int | str) -> tuple[str, ...]:
        """Return the names of the servers that a user is connected to."""
        numbers = self._where([str(user_id)]).get(str(user_id), ())
        if not self._names.keys() >= set(numbers):
            holders = self._call(lambda: asked(lambda: self._leases.holders(WORKER)))
            self._names = {holder.number: holder.registration.name for holder in holders}
        return tuple(dict.fromkeys(self._names[number] for number in numbers if number in self._names))

    def workers(self) -> tuple[int, ...]:
        """Return the leases of all servers."""
        holders = self._call(lambda: asked(lambda: self._leases.holders(WORKER)))
        return tuple(holder.number for holder in holders)

    def _where(self, users: list[str]) -> dict[str, tuple[int, ...]]:
        return self._call(lambda: asked(lambda: self._leases.where(USER, users)))

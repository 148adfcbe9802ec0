"""UserFinder: which gateways users are connected to, and the inboxes of those gateways."""

from collections.abc import Collection, Mapping

from tcelib.lease.port import LeasePort
from tcelib.service.inbox import GATEWAY, USER, inbox_among


class UserFinder:
    """Look-ups in the registry. ``leases`` must wait as the caller may: on gevent's sockets for a greenlet.

    Two commands for any number of users, and one more where a gateway is new. Raises ``RegistryError``.
    """

    def __init__(self, leases: LeasePort) -> None:
        self._leases = leases
        self._inboxes: dict[int, str] = {}

    def where(self, users: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the inboxes of the gateways that each user is connected to, the one that took him last at the end.

        A user who is at no gateway is not in the answer.
        """
        places = self._leases.where(USER, users)
        self._learn({number for numbers in places.values() for number in numbers})
        found = {user: tuple(filter(None, map(self._inboxes.get, numbers))) for user, numbers in places.items()}
        return {user: inboxes for user, inboxes in found.items() if inboxes}

    def living(self) -> frozenset[str]:
        """Return the inboxes of all gateways that are there."""
        return frozenset(inbox_among(holder.registration.reads) for holder in self._leases.holders(GATEWAY))

    def _learn(self, numbers: Collection[int]) -> None:
        """Know the inboxes of these leases. One that is of another kind has none."""
        if not self._inboxes.keys() >= set(numbers):
            gateways = {each.number: inbox_among(each.registration.reads) for each in self._leases.holders(GATEWAY)}
            self._inboxes = {**dict.fromkeys(numbers, ""), **gateways}

"""Bounds for pending connections: accepted ones that have not said what they want. Pure.

An honest client is pending for a moment; a silent one stays until its deadline. When the bound is reached, the
connection that has been pending longest goes, so a new one always gets a chance. A bound for each address keeps a
single one from filling the table.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from tcelib.limit.address import neighbourhood
from tcelib.limit.admission import Admission
from tcelib.limit.table import DoorLimit
from tcelib.limit.too_many import TooMany

T = TypeVar("T")

RETRY_SECONDS = 10
EVERYBODY = ""


class PendingConnections(Generic[T]):
    """Pending connections of one ``stage`` under the limits of an ``Admission``.

    Where several processes share the limits, each displaces its own longest one, and none if it has none. Then the
    bound is exceeded, by one for each process.
    """

    def __init__(self, admission: Admission, stage: str = "") -> None:
        self._admission = admission
        self._connections: dict[T, str] = {}  # the longest pending first
        self._all = admission.tally.counts(f"{DoorLimit.PENDING} {stage}")
        self._by_ip = admission.tally.counts(f"{DoorLimit.PENDING_PER_IP} {stage}")

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[T]:
        """The connections of this moment; they may leave meanwhile."""
        return iter(tuple(self._connections))

    def enter(self, connection: T, ip: str | None) -> T | None:
        """Add a connection. Return the connection that was displaced by it, or None; the caller must notify that one.

        A connection without an ``ip`` counts for the whole table only. Raises ``TooMany`` at an address's bound.
        """
        limits, counted = self._admission.limits, self._admission.counted
        key = "" if ip is None else neighbourhood(ip)
        if key and 0 < limits.pending_per_ip <= (count := self._by_ip.of(key)):
            counted.note(DoorLimit.PENDING_PER_IP)
            reason = f"{count} connections from your address have not said yet what they want"
            raise TooMany(DoorLimit.PENDING_PER_IP, reason, RETRY_SECONDS)
        displaced = None
        if self._connections and 0 < limits.pending <= self._all.of(EVERYBODY):
            counted.note(DoorLimit.PENDING)
            displaced = next(iter(self._connections))
            self.leave(displaced)
        self._connections[connection] = key
        self._all.add(EVERYBODY)
        self._by_ip.add(key)
        return displaced

    def leave(self, connection: T) -> None:
        """Remove a connection; without effect for one that is not pending."""
        key = self._connections.pop(connection, None)
        if key is not None:
            self._all.remove(EVERYBODY)
            self._by_ip.remove(key)

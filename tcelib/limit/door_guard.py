"""DoorGuard: keeps the limits of the doors of a gateway. Pure: the time is passed in."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from tcelib.limit.admission import Admission
from tcelib.limit.connection_rate import ConnectionRate, rates_of
from tcelib.limit.door_limits import DoorLimits
from tcelib.limit.pending import PendingConnections
from tcelib.limit.table import AdmissionLimits, DoorLimit, LimitCounts
from tcelib.limit.too_many import TooMany

RETRY_SECONDS = 5
T = TypeVar("T", bound=Hashable)


class DoorGuard(Generic[T]):
    """Guard of all doors of one gateway. ``T`` is the shell's own object for a connection.

    ``files`` is the highest number of an open file that a new connection may have, 0 for any. ``counted`` has the
    number of times that each limit was met.
    """

    def __init__(self, limits: DoorLimits, *, files: int = 0) -> None:
        self.limits = limits
        self.counted = LimitCounts()
        self.unsent = 0
        self._admission = Admission(
            AdmissionLimits(
                connections_per_ip=limits.connections_per_ip,
                handshakes_per_ip=limits.handshakes_per_ip,
                handshakes=limits.handshakes,
                pending_per_ip=limits.pending_per_ip,
                pending=limits.pending,
                files=files,
            ),
            self.counted,
        )
        self._pending: PendingConnections[T] = PendingConnections(self._admission)
        self._inside: dict[T, str] = {}
        self._waiting: dict[T, int] = {}
        self._rates = rates_of(limits.calls, limits.bytes)

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self._inside)

    def check(self, ip: str, file: int, now: float) -> None:
        """Count one more connection of an address, until ``leave`` or ``refuse``. Raises ``TooMany``."""
        if 0 < self.limits.connections <= len(self._inside):
            self.counted.note(DoorLimit.CONNECTIONS)
            reason = f"{len(self._inside)} connections are open, which is the limit"
            raise TooMany(DoorLimit.CONNECTIONS, reason, RETRY_SECONDS)
        self._admission.check_files(file)
        self._admission.admit(ip, now)

    def refuse(self, ip: str) -> None:
        """Stop counting a connection that has been checked and did not enter."""
        self._admission.leave(ip)

    def enter(self, connection: T, ip: str) -> T | None:
        """Add a connection that has been checked and whose handshake begins.

        Return the connection that was displaced by it, or None: the caller must close that one. Raises ``TooMany``;
        the connection is not counted any more then.
        """
        try:
            displaced = self._pending.enter(connection, ip)
        except TooMany:
            self.refuse(ip)
            raise
        self._inside[connection] = ip
        return displaced

    def shaken(self, connection: T) -> None:
        """Note that the handshake is done."""
        self._pending.leave(connection)

    def leave(self, connection: T) -> None:
        """Forget a connection; without effect for one that is forgotten."""
        ip = self._inside.pop(connection, None)
        if ip is not None:
            self._pending.leave(connection)
            self._admission.leave(ip)
            self.unsent -= self._waiting.pop(connection, 0)

    def rate(self) -> ConnectionRate | None:
        """Return the buckets of a new connection; None where nothing limits what it sends."""
        return None if self._rates is None else ConnectionRate(self._rates)

    def note_unsent(self, connection: T, size: int) -> T | None:
        """Note how much waits for a connection. Return the one to be given up, for which most waits, or None."""
        if connection not in self._inside:
            return None
        self.unsent += size - self._waiting.get(connection, 0)
        if size:
            self._waiting[connection] = size
        else:
            self._waiting.pop(connection, None)
        if not 0 < self.limits.unsent_total_bytes < self.unsent:
            return None
        self.counted.note(DoorLimit.OUTBOXES)
        return max(self._waiting, key=self._waiting.__getitem__)

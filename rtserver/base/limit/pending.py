"""Those who have come and not yet said what they want: how many of them there may be, and who has to go for others.

An honest client is here for a moment, one that says nothing stays until its deadline. So when the room is full the
one who has been here longest goes, and a newcomer always gets a chance; but nobody may fill the room from one
address. Pure.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from rtserver.base.limit.address import neighbourhood
from rtserver.base.limit.admission import Gate
from rtserver.base.limit.table import Limit
from rtserver.base.limit.too_many import TooMany

T = TypeVar("T")

RETRY_SECONDS = 10


class WaitingRoom(Generic[T]):
    """Holds guests under the limits of a ``Gate``."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._guests: dict[T, str] = {}  # the longest here first
        self._by_ip: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._guests)

    def __iter__(self) -> Iterator[T]:
        """The guests of this moment; they may leave meanwhile."""
        return iter(tuple(self._guests))

    def enter(self, guest: T, ip: str | None) -> T | None:
        """Take somebody in, who is not here yet. Who is returned, if anybody, has left for that and is to be told.

        Without an ``ip``, only the room has to be large enough. Raises ``TooMany``.
        """
        limits, counted = self._gate.limits, self._gate.counted
        key = "" if ip is None else neighbourhood(ip)
        count = self._by_ip.get(key, 0)
        if key and 0 < limits.pending_per_ip <= count:
            counted.note(Limit.PENDING_PER_IP)
            reason = f"{count} connections from your address have not said yet what they want"
            raise TooMany(Limit.PENDING_PER_IP, reason, RETRY_SECONDS)
        displaced = None
        if 0 < limits.pending <= len(self._guests):
            counted.note(Limit.PENDING)
            displaced = next(iter(self._guests))
            self.leave(displaced)
        self._guests[guest] = key
        self._by_ip[key] = self._by_ip.get(key, 0) + 1
        return displaced

    def leave(self, guest: T) -> None:
        """Let go of somebody; one who is not here needs nothing."""
        key = self._guests.pop(guest, None)
        if key is None:
            return
        count = self._by_ip[key] - 1
        if count:
            self._by_ip[key] = count
        else:
            del self._by_ip[key]

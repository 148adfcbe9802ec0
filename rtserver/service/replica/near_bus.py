"""NearBus: the bus of a worker that reads it at a replica near by.

It decides what of a replica's answers counts. A replica tells what is there, and never what is missing: it may lag,
and it may have lost its primary. So entries count if they follow each other without a gap and the pulse behind them
proves whose they are. Whatever else a replica answers, the primary is asked. Because the ids decide what comes next,
a reader may change between any two servers at any moment.
"""

import logging
import time
from collections.abc import Callable, Sequence

from rtserver.base.queue.port import BusPort, Entry, QueueError, number_of
from rtserver.base.queue.replica_port import Glimpse, ReplicaPort
from rtserver.service.replica.replica_choice import FOREIGN, ReplicaChoice

LACKS = "it lacks entries of the bus that the primary has"

log = logging.getLogger(__name__)


class NearBus:
    """See ``NearBusPort``. ``primary`` is the bus at the primary, ``choice`` says which of ``replicas`` is read.

    A replica that fails costs its call nothing: the next one is asked, and in the end the primary. Only the primary's
    errors are raised.
    """

    def __init__(
        self,
        primary: BusPort,
        replicas: Sequence[ReplicaPort],
        choice: ReplicaChoice,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._primary = primary
        self._replicas = replicas
        self._choice = choice
        self._now = now
        self._missing = ""
        self._missing_from = self._seen_before = 0
        choice.on_change = self._on_change

    @property
    def address(self) -> str:
        """Address of the server that is read."""
        return self._address_of(self._choice.current)

    @property
    def detail(self) -> str:
        """The server that is read, and of each replica before it in order the reason why that one is not."""
        choice, now = self._choice, self._now()
        place = choice.current
        if place is None:
            read, before = f"{self.address}, the primary", range(len(self._replicas))
        else:
            read, before = f"{self.address}, {choice.behind(place, now):.1f} s behind", range(place)
        return "; ".join([read, *(f"not {self._address_of(each)}: {choice.reason(each, now)}" for each in before)])

    @property
    def moves(self) -> int:
        """Number of times that another server was taken."""
        return self._choice.changes

    def read_at(self) -> dict[str, float]:
        """Return 1 with the address of the server that is read, and 0 with the others'."""
        addresses = (self._primary.address, *(replica.address for replica in self._replicas))
        return {**dict.fromkeys(addresses, 0.0), self.address: 1.0}

    def behind(self) -> dict[str, float]:
        """Return for each replica the seconds for which its first missing pulse is missing."""
        now = self._now()
        return {each.address: self._choice.behind(place, now) for place, each in enumerate(self._replicas)}

    def read(self, after: str, count: int, timeout: float) -> list[Entry]:
        """See ``BusPort``."""
        while (place := self._choice.current) is not None:
            self._seen_before = self._choice.seen(place)
            entries = self._ask(place, lambda replica: replica.read(after, count, timeout))
            if entries is None:
                continue
            if not entries or _follow(after, entries):
                return entries
            if found := self._primary.read(after, count, 0.0):
                return found
            self._fail(place, FOREIGN)
        return self._primary.read(after, count, timeout)

    def range(self, after: str, until: str, count: int) -> list[Entry]:
        """See ``BusPort``."""
        place = self._choice.current
        if place is not None:
            entries = self._ask(place, lambda replica: replica.range(after, until, count))
            if entries and _follow(after, entries) and (len(entries) == count or entries[-1].id == until):
                return entries
        return self._primary.range(after, until, count)

    def miss(self, entry_id: str) -> None:
        """See ``NearBusPort``. A pulse that was written behind the entry and came through without it is a proof."""
        place = self._choice.current
        if place is None:
            return
        if entry_id != self._missing:
            self._missing, self._missing_from = entry_id, self._choice.newest
        elif self._seen_before > self._missing_from:
            self._fail(place, LACKS)

    def look(self) -> None:
        """Take another server if the present one is late, or a better one is fit."""
        choice, now = self._choice, self._now()
        choice.look(now)
        for place in choice.complaints(now):
            log.warning("! the bus is not read at %s: %s", self._address_of(place), choice.reason(place, now))

    def end(self) -> None:
        """Read the primary from now on, also in a call that waits at a replica."""
        self._choice.end()
        for replica in self._replicas:
            replica.close()

    def _ask(self, place: int, ask: Callable[[ReplicaPort], Glimpse]) -> list[Entry] | None:
        """Return what a replica has. None if it fails, or has other data: then it has been left."""
        try:
            entries, pulse = ask(self._replicas[place])
        except QueueError as error:
            if self._choice.current == place:  # else it was left meanwhile, and its connections closed
                self._fail(place, error.reason)
            return None
        return entries if self._choice.find(place, pulse, self._now()) else None

    def _fail(self, place: int, reason: str) -> None:
        self._choice.fail(place, reason, self._now())

    def _on_change(self, former: int | None, present: int | None, reason: str) -> None:
        address = self._address_of(present)
        if former is None or not reason:
            log.info("= the bus is read at %s", address)
            return
        log.warning("! the bus is read at %s, not at %s: %s", address, self._address_of(former), reason)
        self._replicas[former].close()  # a call that waits there would wait for nothing

    def _address_of(self, place: int | None) -> str:
        return self._primary.address if place is None else self._replicas[place].address


def _follow(after: str, entries: Sequence[Entry]) -> bool:
    """Return True if nothing is missing behind ``after`` and between the entries."""
    first, last = number_of(entries[0].id), number_of(entries[-1].id)
    return first == number_of(after) + 1 and last - first == len(entries) - 1

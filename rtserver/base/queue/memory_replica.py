"""MemoryReplica and MemoryPulse: the twins of a replica and of a worker's pulses, beside a ``MemoryQueue``.

A test says when something comes through (``sync``), when the replica is cut off, and when it fails.
"""

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Entry, QueueAwayError, order_of
from rtserver.base.queue.replica_port import Glimpse, Standing

_ALL = 1_000_000


class MemoryPulse:
    """See ``PulsePort``. ``text`` is the newest pulse. It fails while it ``is_away``."""

    def __init__(self) -> None:
        self.text = ""
        self.is_away = False
        self.data = frozenset({"one"})

    def beat(self, pulse: str) -> None:
        """See ``PulsePort``."""
        self._check()
        self.text = pulse

    def standing(self) -> Standing:
        """See ``PulsePort``."""
        self._check()
        return Standing("", True, self.data)

    def _check(self) -> None:
        if self.is_away:
            raise QueueAwayError("memory:", "away")


class MemoryReplica:
    """See ``ReplicaPort``. While it ``is_linked``, ``sync`` copies what the primary has.

    It fails while it ``is_away``. ``closed`` counts.
    """

    def __init__(self, primary: MemoryQueue, pulses: MemoryPulse, address: str = "memory:replica") -> None:
        self._primary, self._pulses = primary, pulses
        self.address = address
        self.is_linked, self.is_away = True, False
        self.entries: list[Entry] = []
        self.data = pulses.data
        self._pulse = ""
        self.closed = 0

    def sync(self, entries: int = _ALL) -> None:
        """Copy at most so many entries; the pulse comes through when all are there."""
        if not self.is_linked:
            return
        newest_id = self._primary.newest_id()
        have = self.entries[-1].id if self.entries else START
        self.entries += self._primary.range(have, newest_id, entries)
        if order_of(self.entries[-1].id if self.entries else START) >= order_of(newest_id):
            self._pulse = self._pulses.text

    def replace(self, entries: list[Entry]) -> None:
        """Take the data of another primary."""
        self.entries, self._pulse, self.data = entries, "", frozenset({"other"})

    def read(self, after: str, count: int, timeout: float) -> Glimpse:
        """See ``ReplicaPort``. Never waits: nothing comes meanwhile."""
        return self.range(after, self.entries[-1].id if self.entries else START, count)

    def range(self, after: str, until: str, count: int) -> Glimpse:
        """See ``ReplicaPort``."""
        self._check()
        first, last = order_of(after), order_of(until)
        found = [entry for entry in self.entries if first < order_of(entry.id) <= last]
        return Glimpse(found[:count], self._pulse)

    def pulse(self) -> str:
        """See ``ReplicaPort``."""
        self._check()
        return self._pulse

    def standing(self) -> Standing:
        """See ``ReplicaPort``."""
        self._check()
        return Standing("memory:primary", self.is_linked, self.data)

    def close(self) -> None:
        """See ``ReplicaPort``."""
        self.closed += 1

    def _check(self) -> None:
        if self.is_away:
            raise QueueAwayError(self.address, "away")

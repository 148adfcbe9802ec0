"""ReplicaPort: the bus as a replica has it, and PulsePort: the signs by which a worker knows that the replica is fit.

A replica whose primary is gone answers reads as before: silence is all that a reader would notice. And one that
follows another primary has a bus of the same name. So a worker writes a *pulse* to the primary, a text of its own,
and every answer of a replica carries the newest pulse that has come through. ``RedisReplica`` and ``RedisPulse`` are
the real ports, ``memory_replica.py`` has their twins; both pass the same tests.
"""

from typing import NamedTuple, Protocol

from rtserver.base.queue.port import Entry


class Glimpse(NamedTuple):
    """Entries that a replica has, and the pulse that it had when they had been read; empty for none."""

    entries: list[Entry]
    pulse: str


class Standing(NamedTuple):
    """A server's words about itself.

    ``primary`` is the address that it follows, empty if it follows none. ``data`` are the ids of its data set: the
    present one, and the one that it came from. A primary and all that follow it, directly or not, have one in common.
    """

    primary: str
    is_linked: bool
    data: frozenset[str]


class ReplicaPort(Protocol):
    """The bus at one server, which may be a replica. Every call may raise ``QueueError``.

    What it has is what the primary had a while ago. ``address`` is fit for a log.
    """

    address: str

    def read(self, after: str, count: int, timeout: float) -> Glimpse:
        """Return at most ``count`` entries behind ``after``; wait up to ``timeout`` seconds for a first one."""

    def range(self, after: str, until: str, count: int) -> Glimpse:
        """Return at most ``count`` entries behind ``after``, up to and including ``until``. Does not wait."""

    def pulse(self) -> str:
        """Return the newest pulse that has come through; empty for none."""

    def standing(self) -> Standing:
        """Return what the server says of itself."""

    def close(self) -> None:
        """Close all connections, those that wait as well: their calls raise. A later call opens a new one."""


class PulsePort(Protocol):
    """The primary, as the writer of a worker's pulses sees it. Every call may raise ``QueueError``."""

    def beat(self, pulse: str) -> None:
        """Write a pulse in place of the one before."""

    def standing(self) -> Standing:
        """Return what the primary says of itself."""

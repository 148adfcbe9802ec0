"""LeasePort: a registry of holders, each with one lease, and of the items that each holds.

A holder is a worker, a gateway, a service, a function server or the link of a domain. It joins once, renews its lease
while it lives, and is dropped with all that it holds when the lease ends. Items (users, devices, areas) have no lease
of their own: only the first and the last time that a holder has one is told.

The number of a lease is its fencing number. Later leases have larger numbers, and no number is given twice. A lease
that has ended is never renewed, whether or not somebody has buried it: its holder hears of that with its next call
and joins again, under a new number.

``RedisLeases`` is the real port and ``MemoryLeases`` its twin; both pass the same tests.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

SLICE = 1_000
"""Items in one operation at most: about a millisecond in which Redis does nothing else."""
CHANGES = 1_000
"""Changes that are kept for watchers, about. A watcher that is further behind begins anew."""
NOWHERE = ""
"""The position before any change: ``changes`` cannot tell what came after it."""


class RegistryError(Exception):
    """The registry did not do what it was asked to. ``address`` is its address, fit for a log.

    RegistryError
    ├── RegistryAwayError      there is no answer; it may have been done or not, and may be asked for again
    ├── RegistryRefusedError   the answer is an error, such as a key of the wrong kind; nothing was done
    ├── LeaseEndedError        the lease of the caller has ended; nothing was done
    └── NameTakenError         another holder has the name; nothing was done
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.address}: {self.reason}"


class RegistryAwayError(RegistryError):
    """No answer. Every operation may be repeated: a second time changes nothing."""


class RegistryRefusedError(RegistryError):
    """An error as the answer."""


class LeaseEndedError(RegistryError):
    """The lease ``number`` has ended, or there never was one."""

    def __init__(self, address: str, number: int) -> None:
        super().__init__(address, f"the lease {number} has ended")
        self.number = number


class NameTakenError(RegistryError):
    """``holder`` has the name, and its lease has not ended."""

    def __init__(self, address: str, holder: "Holder") -> None:
        told = holder.registration
        super().__init__(address, f"a {told.kind} of the name {told.name!r} is there already")
        self.holder = holder


@dataclass(frozen=True)
class Registration:
    """Description that a holder gives of itself when it joins. All of it stays as it is until the lease ends.

    ``kind``: "worker", "gateway", "service", "function" or "domain". Two holders of one kind and name are never there
    at once, unless both give the same ``sharing``, which is not empty. ``since`` is in epoch seconds. ``reads`` names
    the message types, queues or interfaces that it serves, ``holds`` the kinds of items that it may hold. ``process``
    tells its neighbours on the same machine whether it lives.
    """

    kind: str
    name: str
    version: str = ""
    since: float = 0.0
    reads: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    sharing: str = ""
    process: str = ""


@dataclass(frozen=True)
class Holder:
    """One holder whose lease has not ended. ``seconds_left`` is how long that stays so without a renewal.

    ``load`` are its own figures as of its last renewal (connections, free slots). ``counts`` says how many items of
    each kind it holds.
    """

    number: int
    registration: Registration
    seconds_left: float
    load: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


class Op(StrEnum):
    """Kind of a change."""

    JOINED = "joined"
    LEFT = "left"
    """A lease that its holder gave back."""
    ENDED = "ended"
    """A lease that ended because it was not renewed. Its items are dropped after this."""
    HELD = "held"
    DROPPED = "dropped"


class Change(NamedTuple):
    """One change. ``registration`` comes with JOINED, ``what`` and ``items`` with HELD and DROPPED.

    ``at_ms`` is the moment of the change in epoch milliseconds, by the registry's clock. It never goes back.
    """

    position: str
    op: Op
    number: int
    registration: Registration | None = None
    what: str = ""
    items: tuple[str, ...] = ()
    at_ms: int = 0


class Renewal(NamedTuple):
    """Answer to a renewal: whether leases wait to be buried, and how often items were told under this lease.

    A number that is smaller than one that was known is a registry that has lost something, in a failover for
    instance.
    """

    is_anything_over: bool
    told: int


class Page(NamedTuple):
    """Some of the items that a holder holds. ``cursor`` leads to the next page; empty after the last one."""

    items: tuple[str, ...]
    cursor: str


class LeasePort(Protocol):
    """One registry. Every call may block, and may raise ``RegistryError``. Items and names are any text."""

    address: str

    def join(self, registration: Registration, seconds: float, *, replaces: int = 0) -> int:
        """Give a lease for ``seconds`` and return its number. Raises ``NameTakenError``.

        The lease ``replaces`` is ended first; its holder must be known to be dead.
        """

    def renew(self, number: int, seconds: float, load: Mapping[str, int] | None = None) -> Renewal:
        """Let a lease end in ``seconds``. Raises ``LeaseEndedError``.

        ``load`` replaces the holder's figures; None leaves them.
        """

    def hold(self, number: int, what: str, items: Sequence[str]) -> int:
        """Note that a holder has these items, at most ``SLICE``. Raises ``LeaseEndedError``.

        Return how often items were told under this lease, this time included: it counts up by one, unless the
        registry has lost something since. Raises ``RegistryRefusedError`` for a ``what`` that its registration does
        not name.
        """

    def drop(self, number: int, what: str, items: Sequence[str]) -> int:
        """Note that a holder has these items no more, as ``hold`` does."""

    def leave(self, number: int) -> None:
        """End a lease, if it has not ended. What the holder holds is found nowhere from now on."""

    def bury(self) -> bool:
        """Drop at most ``SLICE`` items of a lease that has ended. Return True if more is left to bury.

        Whoever sees an ended lease buries it. Several may do so at once, and one may go on where another one stopped:
        each item is dropped once.
        """

    def holders(self, kind: str = "") -> list[Holder]:
        """Return the holders of a kind, or all, by number. A lease that has ended is left out, buried or not."""

    def where(self, what: str, items: Collection[str]) -> dict[str, tuple[int, ...]]:
        """Return the leases that hold each item, for those items that are held by a lease that has not ended."""

    def held(self, number: int, what: str, cursor: str = "") -> Page:
        """Return a page of a holder's items.

        An item that is held all the time between the first page and the last is in at least one of them.
        """

    def position(self) -> str:
        """Return the position of the last change, or ``NOWHERE``."""

    def changes(self, after: str, count: int) -> list[Change] | None:
        """Return at most ``count`` changes behind a position, in order. None if some of them may be missing."""

    def recent(self, since_ms: int) -> list[Change]:
        """Return the changes that are kept of the time from a moment on, in order.

        Those of that time are all there if they are fewer than ``CHANGES``.
        """

    def now_ms(self) -> int:
        """Return the present moment in epoch milliseconds, by the registry's clock."""

    def wait(self, after: str, seconds: float) -> None:
        """Wait until there is a change behind a position, for ``seconds`` at most."""

    def close(self) -> None:
        """Close the connections."""

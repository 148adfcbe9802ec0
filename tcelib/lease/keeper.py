"""LeaseKeeper: keeps the lease of one holder. It joins, renews, tells what is held, and buries leases of others.

It decides what is due and when; the clock and the registry are passed in, and whoever calls ``step`` waits in between
(``renewal.py``). What the holder holds survives a lease: a new one is told all of it again.
"""

import logging
from collections.abc import Callable, Mapping
from enum import Enum

from tcelib.lease.holding import Holding
from tcelib.lease.port import (
    Holder,
    LeaseEndedError,
    LeasePort,
    NameTakenError,
    Registration,
    RegistryError,
    RegistryRefusedError,
)

LEASE_SECONDS = 10.0
RENEWALS = 3
"""Renewals in the time of a lease: two may fail before it ends."""
RETRY_SECONDS = 1.0
LOG_SECONDS = 60.0
SLACK_SECONDS = 0.5
"""The end of a lease is as long ago as the answer took; a later end than that is a renewal."""

log = logging.getLogger(__name__)


class Life(Enum):
    """Result of a look at another holder's process."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"
    """A process of another machine, or of another container."""


def know_nothing(_process: str) -> Life:
    """Return that nothing is known of a process."""
    return Life.UNKNOWN


class LeaseKeeper:
    """Keeper of one lease, for one thread.

    ``clock`` gives seconds that go on while the machine sleeps. ``load`` returns the holder's figures. ``look_at``
    judges the process of a holder that has our name.
    """

    def __init__(
        self,
        leases: LeasePort,
        registration: Registration,
        *,
        clock: Callable[[], float],
        seconds: float = LEASE_SECONDS,
        load: Callable[[], Mapping[str, int]] = dict,
        look_at: Callable[[str], Life] = know_nothing,
    ) -> None:
        self.leases = leases
        self.registration = registration
        self.holding = Holding()
        self.number = 0
        """The fencing number of the lease; 0 before the first and after each that has ended."""
        self.joins = 0
        """Number of leases that were taken."""
        self.error: RegistryError | None = None
        """The last error, until a step succeeds."""
        self._clock = clock
        self._seconds = seconds
        self._load = load
        self._look_at = look_at
        self._last_load: Mapping[str, int] = {}
        self._told = 0
        self._joined = registration
        self._good_until = float("-inf")
        self._due = self._paused_until = self._logged_at = float("-inf")
        self._has_ended = False
        self._rival: tuple[int, float] | None = None

    @property
    def is_held(self) -> bool:
        """True while the lease cannot have ended, as far as the clock tells. Safe from any thread.

        A holder that was frozen reads False before it has asked the registry.
        """
        return self.number != 0 and self._clock() < self._good_until

    def step(self) -> float:
        """Do one thing that is due, and return the seconds until the next one is; 0 for at once.

        Raises ``NameTakenError`` if another holder has the name and lives. Keeps other errors in ``error`` and tries
        again later.
        """
        is_due = self._clock() >= self._due
        work = self._keep if is_due else self._maybe_more()
        if work is not None:
            self._try(work, is_due)
        return self._seconds_to_next()

    def exchange(self, registration: Registration) -> None:
        """Take a lease with another registration in the place of the present one, with the next step.

        Nobody sees the holder without a lease in between, if kind and name are the same. Items are told once more.
        """
        self.registration = registration
        self._due = self._clock()

    def leave(self) -> None:
        """Give the lease back, and bury it. Raises ``RegistryError``."""
        if self.number:
            self.leases.leave(self.number)
            self.number = 0
            while self.leases.bury():
                pass

    def _try(self, work: Callable[[], None], is_due: bool) -> None:
        try:
            work()
        except NameTakenError:
            raise
        except LeaseEndedError as error:
            log.warning("! %s: the holder %r joins again", error, self.registration.name)
            self.number = 0
            self._due = self._clock()
        except RegistryError as error:
            self.error = error
            self._log(error)
            # What is told later must not put off a renewal.
            self._paused_until = self._clock() + RETRY_SECONDS
            self._due = self._paused_until if is_due else self._due
        else:
            self.error = None

    def _log(self, error: RegistryError) -> None:
        """Log once a minute that the registry refuses. That it is away, somebody else logs."""
        if isinstance(error, RegistryRefusedError) and self._clock() - self._logged_at >= LOG_SECONDS:
            self._logged_at = self._clock()
            log.error("! the registry refuses: %s; trying again", error)

    def _maybe_more(self) -> Callable[[], None] | None:
        """Return the work between two renewals; None if there is none, or it has failed a moment ago."""
        if self._clock() < self._paused_until:
            return None
        if self.number and self.holding.has_untold:
            return self._tell
        return self._bury if self._has_ended else None

    def _keep(self) -> None:
        if self.number and self._joined is self.registration:
            self._renew()
        else:
            self._join()

    def _tell(self) -> None:
        untold = self.holding.next_slice()
        if untold is not None:
            tell = self.leases.hold if untold.is_held else self.leases.drop
            told = tell(self.number, untold.what, untold.items)
            self.holding.told(untold)
            self._check_told(told, self._told + 1)

    def _bury(self) -> None:
        self._has_ended = self.leases.bury()

    def _seconds_to_next(self) -> float:
        has_more = self._has_ended or (self.number != 0 and self.holding.has_untold)
        next_at = min(self._due, self._paused_until) if has_more else self._due
        return max(0.0, next_at - self._clock())

    def _renew(self) -> None:
        begun = self._clock()
        load = dict(self._load())
        renewal = self.leases.renew(self.number, self._seconds, load if load != self._last_load else None)
        self._has_ended, self._last_load = renewal.is_anything_over, load
        self._hold_from(begun)
        self._check_told(renewal.told, self._told)

    def _check_told(self, told: int, least: int) -> None:
        """Join again if the registry has lost something that it was told: under a new lease all is told once more."""
        self._told = told
        if told < least:
            log.warning("! %s has lost what %r held: it joins again", self.leases.address, self.registration.name)
            self.leases.leave(self.number)
            self.number = 0
            self._due = self._clock()

    def _join(self) -> None:
        begun, registration = self._clock(), self.registration
        try:
            number = self.leases.join(registration, self._seconds, replaces=self.number)
        except NameTakenError as taken:
            number = self._replace(taken, begun)
        if not number:
            self._due = begun + RETRY_SECONDS
            return
        self.number, self._joined = number, registration
        self.joins += 1
        self._rival, self._last_load, self._told = None, {}, 0
        self.holding.tell_again()
        self._hold_from(begun)
        self._due = begun  # the first figures

    def _replace(self, taken: NameTakenError, now: float) -> int:
        """Return a lease in the place of a holder that is dead; 0 while that is not known.

        Raises ``NameTakenError`` for a holder that lives, or has renewed its lease since the last look.
        """
        told = taken.holder.registration
        is_own = told == self.registration  # the answer to our own join was lost
        life = Life.DEAD if is_own else self._look_at(told.process)
        if life is Life.DEAD:
            return self.leases.join(self.registration, self._seconds, replaces=taken.holder.number)
        if life is Life.ALIVE or self._has_renewed(taken.holder, now):
            raise taken
        return 0

    def _has_renewed(self, holder: Holder, now: float) -> bool:
        end = now + holder.seconds_left
        if self._rival is None or self._rival[0] != holder.number:
            self._rival = (holder.number, end)
        return end > self._rival[1] + SLACK_SECONDS

    def _hold_from(self, begun: float) -> None:
        self._good_until = begun + self._seconds
        self._due = begun + self._seconds / RENEWALS

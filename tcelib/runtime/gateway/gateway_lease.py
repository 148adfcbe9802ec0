"""GatewayLease: the number of a gateway, which no other gateway of the same registry has at the same time."""

import logging
import secrets
import time
from collections.abc import Callable

from tcelib.gateway.user_id import MOST_GATEWAYS
from tcelib.lease.keeper import LEASE_SECONDS, LeaseKeeper, Life
from tcelib.lease.port import LeasePort, NameTakenError, Registration
from tcelib.lease.renewal import RenewalThread, steady_clock
from tcelib.service.inbox import GATEWAY

STOP_SECONDS = 5.0
log = logging.getLogger("tce.gateway")


def draw_number() -> int:
    """Return a number by chance: one of eight million, so that hardly any is used twice, one after the other.

    It is never 0: the ids of that gateway would be those of a site's first users.
    """
    return 1 + secrets.randbelow(MOST_GATEWAYS - 1)


class GatewayLease:
    """Lease of a gateway, whose name is its number. ``reads`` names the queues on which answers come, and its inbox.
    ``holds`` are the kinds of items that it may hold; a lease of another number holds none before it is told.

    ``open_leases`` opens the registry, once for each lease. A registry that is away does not hold up a gateway: its
    number is by chance alone until there is an answer. ``on_number`` is called, on the thread of the lease, with
    another number where a gateway has lost its lease and somebody has the number meanwhile.
    """

    def __init__(
        self,
        open_leases: Callable[[], LeasePort],
        reads: tuple[str, ...] = (),
        holds: tuple[str, ...] = (),
        *,
        on_number: Callable[[int], object] = lambda number: None,
        draw: Callable[[], int] = draw_number,
        seconds: float = LEASE_SECONDS,
    ) -> None:
        self._open_leases = open_leases
        self._reads = reads
        self._holds = holds
        self._on_number = on_number
        self._draw = draw
        self._seconds = seconds
        self._thread: RenewalThread | None = None
        self.number = 0

    @property
    def is_held(self) -> bool:
        """True while no other gateway can have the number."""
        return self._thread is not None and self._thread.is_held

    def start(self, patience: float) -> None:
        """Take a number that is free. Waits for the registry, ``patience`` seconds at most."""
        while not self._begin(patience):
            log.debug("the number %d of a gateway is taken", self.number)

    def hold(self, what: str, item: str) -> None:
        """Note that the gateway has an item. Never waits."""
        if self._thread is not None:
            self._thread.hold(what, item)

    def drop(self, what: str, item: str) -> None:
        """Note that it has the item no more. Never waits."""
        if self._thread is not None:
            self._thread.drop(what, item)

    def stop(self) -> None:
        """Give the lease back. Waits for the registry."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop(STOP_SECONDS)

    def _begin(self, patience: float) -> bool:
        """Draw a number and begin to lease it. Return false if another gateway is known to have it."""
        self.number = self._draw()
        registration = Registration(
            GATEWAY, str(self.number), since=time.time(), reads=self._reads, holds=self._holds
        )
        keeper = LeaseKeeper(
            self._open_leases(), registration, clock=steady_clock, seconds=self._seconds, look_at=_assume_life
        )
        self._thread = RenewalThread(keeper, on_end=self._replace, name=f"lease of gateway {self.number}")
        try:
            self._thread.start(patience)
        except NameTakenError:
            return False
        return True

    def _replace(self, error: BaseException) -> None:
        """Take another number: the lease had ended, and somebody was faster."""
        if self._thread is None or not isinstance(error, NameTakenError):
            return
        log.warning("! another gateway has the number %d", self.number)
        self.start(0)
        self._on_number(self.number)


def _assume_life(_process: str) -> Life:
    """Leave the number to whoever has it: there are others."""
    return Life.ALIVE

"""ServiceLease: of all workers of a queue, one at a time does what only one should do."""

from collections.abc import Callable

from tcelib.lease.keeper import LeaseKeeper
from tcelib.lease.port import LeasePort, NameTakenError, Registration, RegistryError

KIND = "service"
HISTORY, PUSHES = "history", "pushes"
"""Names of leases: to write history, and to keep what is pushed to users."""


class ServiceLease:
    """The lease of this ``name``. ``worker`` tells this process from all others, also from those of its name before.

    It is renewed by who does the work: a worker whose service thread stands still loses it.
    """

    def __init__(self, leases: LeasePort, name: str, worker: str, *, clock: Callable[[], float]) -> None:
        self._keeper = LeaseKeeper(leases, Registration(KIND, name, process=worker), clock=clock)

    def is_ours(self) -> bool:
        """Return whether the lease is this worker's now; asks the registry when that is due."""
        try:
            while self._keeper.step() == 0:
                pass
        except NameTakenError:
            return False
        return self._keeper.is_held

    def leave(self) -> None:
        """Let another worker have it at once."""
        try:
            self._keeper.leave()
        except RegistryError:
            return  # the lease ends by itself

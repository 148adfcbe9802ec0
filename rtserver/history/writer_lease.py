"""WriterLease: of all workers of a queue, one at a time writes history."""

from collections.abc import Callable

from tcelib.lease.keeper import LeaseKeeper
from tcelib.lease.port import LeasePort, NameTakenError, Registration, RegistryError

KIND, NAME = "service", "history"


class WriterLease:
    """The lease to write. ``worker`` tells this process from all others, those of its name before it included.

    It is renewed by who writes: a worker whose service thread stands still loses it.
    """

    def __init__(self, leases: LeasePort, worker: str, *, clock: Callable[[], float]) -> None:
        self._keeper = LeaseKeeper(leases, Registration(KIND, NAME, process=worker), clock=clock)

    def is_ours(self) -> bool:
        """Return whether this worker may write now; asks the registry when that is due."""
        try:
            while self._keeper.step() == 0:
                pass
        except NameTakenError:
            return False
        return self._keeper.is_held

    def leave(self) -> None:
        """Let another worker write at once."""
        try:
            self._keeper.leave()
        except RegistryError:
            return  # the lease ends by itself

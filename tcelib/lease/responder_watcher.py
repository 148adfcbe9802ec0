"""ResponderWatcher: keeps from the changes of a registry who answers on which queue."""

from collections.abc import Callable

from tcelib.lease.port import LeasePort
from tcelib.lease.responder import SILENT_MS, Responders
from tcelib.lease.watcher import Watcher


class ResponderWatcher:
    """Follows a registry. ``clock`` gives seconds that go on while the machine sleeps (``steady_clock``).

    ``look`` is called about once a second, and waits for the registry; ``has`` may be asked for each call.
    """

    def __init__(self, leases: LeasePort, kind: str, *, clock: Callable[[], float]) -> None:
        self._leases = leases
        self._clock = clock
        self._watcher = Watcher(leases)
        self._responders = Responders(kind)
        self._ahead_ms: float | None = None
        """Milliseconds from our clock to the registry's; None before the first look."""
        self._is_behind = True
        """The responders lack changes that the watcher does not tell again: they have to begin with its holders."""

    def look(self) -> None:
        """Bring the view up to date.

        Raises ``RegistryError``; the view is as it was then, and the next call goes on.
        """
        changes = self._watcher.look()
        is_behind = self._is_behind or changes is None
        self._is_behind = True  # if one of the next calls raises
        now_ms = self._leases.now_ms()
        if is_behind:
            recent = self._leases.recent(now_ms - SILENT_MS)
            self._responders.begin(self._watcher.view.holders, recent, now_ms)
        else:
            for change in changes or ():
                self._responders.apply(change)
        self._is_behind = False
        self._ahead_ms = now_ms - 1000 * self._clock()

    def wait(self, seconds: float) -> None:
        """Wait until there is a change to look at, for ``seconds`` at most. Raises ``RegistryError``."""
        self._watcher.wait(seconds)

    def has(self, queue: str) -> bool:
        """Return whether a call on this queue may be answered; False is certain as of the last look."""
        return self._ahead_ms is None or self._responders.has(queue, round(1000 * self._clock() + self._ahead_ms))

"""AwayQueues: the queues on which certainly nobody answers, by the leases of one registry."""

import logging
from collections.abc import Callable, Mapping

from tcelib.lease.port import LeasePort, RegistryError
from tcelib.lease.responder_watcher import ResponderWatcher
from tcelib.service.service_lease import SERVICE

log = logging.getLogger("tce.gateway")


class AwayQueues:
    """Keeps ``away``, the names of endpoints whose queues nobody reads: a set that others look into for each call.

    ``queues`` maps the names to the queues' keys. ``clock`` as in ``ResponderWatcher``. One thread or greenlet calls
    it, and waits for the registry meanwhile.
    """

    def __init__(
        self, leases: LeasePort, queues: Mapping[str, str], away: set[str], *, clock: Callable[[], float]
    ) -> None:
        self._watcher = ResponderWatcher(leases, SERVICE, clock=clock)
        self._queues = queues
        self._away = away

    def look(self) -> None:
        """Bring the set up to date. A registry that does not answer tells nothing, so no queue is away then.

        Raises ``RegistryError`` after that.
        """
        try:
            self._watcher.look()
        except RegistryError:
            self._away.difference_update(self._queues)
            raise
        for name, key in self._queues.items():
            self._note(name, is_away=not self._watcher.has(key))

    def wait(self, seconds: float) -> None:
        """Wait until there is something to look at, for ``seconds`` at most. Raises ``RegistryError``."""
        self._watcher.wait(seconds)

    def _note(self, name: str, *, is_away: bool) -> None:
        if is_away == (name in self._away):
            return
        if is_away:
            self._away.add(name)
            log.warning("! nobody reads %s: its calls are answered at once", name)
        else:
            self._away.discard(name)
            log.info("= %s has a service", name)

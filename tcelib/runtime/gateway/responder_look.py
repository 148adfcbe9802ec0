"""ResponderLook: a greenlet that keeps which queues of a gateway have nobody who answers."""

import logging
from collections.abc import Mapping

import gevent
import gevent.event

from tcelib.lease.port import LeasePort, RegistryError
from tcelib.lease.renewal import steady_clock
from tcelib.runtime.gateway.kept_loop import spawn_kept
from tcelib.service.away_queues import AwayQueues

LOOK_SECONDS = 1.0
"""Between two looks where nothing changes: a silence of 30 seconds ends by itself."""
PAUSE_SECONDS = 0.05
"""Between two looks where much changes."""
RETRY_SECONDS = 1.0
log = logging.getLogger("tce.gateway")


class ResponderLook:
    """Look at the services of one registry. ``queues`` and ``away`` as in ``AwayQueues``."""

    def __init__(self, leases: LeasePort, queues: Mapping[str, str], away: set[str]) -> None:
        self._leases = leases
        self._queues = AwayQueues(leases, queues, away, clock=steady_clock)
        self._has_looked = gevent.event.Event()
        self._greenlet: gevent.Greenlet | None = None

    def start(self, patience: float) -> None:
        """Look, and go on in a greenlet. Waits for the first look, ``patience`` seconds at most."""
        self._greenlet = spawn_kept(self._run, "looks who reads the queues")
        self._has_looked.wait(patience)

    def close(self) -> None:
        """End the greenlet, and close the connections."""
        if self._greenlet is not None:
            self._greenlet.kill()
        self._leases.close()

    def _run(self) -> None:
        while True:
            self._look()
            self._has_looked.set()
            gevent.sleep(PAUSE_SECONDS)
            try:
                self._queues.wait(LOOK_SECONDS)
            except RegistryError:
                gevent.sleep(RETRY_SECONDS)

    def _look(self) -> None:
        try:
            self._queues.look()
        except RegistryError as error:
            log.debug("nobody tells who reads the queues: %s", error)

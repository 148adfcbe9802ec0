"""ResponderLoop: tells the websocket thread which queues no service reads, from the leases of services."""

import logging
from collections.abc import Callable, Collection
from typing import Protocol

from rtserver.base.bridge.message import Message, SilentQueues
from tcelib.lease.port import RegistryError

LOOK_SECONDS = 1.0
log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Follower of the registry of services; ``ResponderWatcher`` is one."""

    def look(self) -> None:
        """Bring the view up to date. Raises ``RegistryError``."""

    def has(self, queue: str) -> bool:
        """Return whether a call on this queue may be answered."""


class ResponderLoop:
    """Source of the service thread. ``pause`` waits for seconds."""

    def __init__(
        self,
        queues: Collection[str],
        watcher: Watcher,
        post: Callable[[Message], object],
        *,
        pause: Callable[[float], object],
    ) -> None:
        self._queues = queues
        self._watcher = watcher
        self._post = post
        self._pause = pause
        self._silent: frozenset[str] = frozenset()
        self._is_stopping = False

    def run(self) -> None:
        """Look once a second, until ``stop``."""
        while not self._is_stopping:
            self.look()
            self._pause(LOOK_SECONDS)

    def stop(self) -> None:
        """See ``Source``."""
        self._is_stopping = True

    def look(self) -> None:
        """Look once. Tell what has changed; while the registry does not answer, nothing has."""
        try:
            self._watcher.look()
        except RegistryError as error:
            log.debug("who serves calls cannot be seen: %s", error)
            return
        silent = frozenset(queue for queue in self._queues if not self._watcher.has(queue))
        if silent != self._silent:
            self._silent = silent
            self._post(SilentQueues(silent))

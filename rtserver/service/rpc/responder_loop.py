"""ResponderLoop: tells the websocket thread which queues no service reads, from the leases of services."""

import logging
from collections.abc import Callable, Set
from typing import Protocol

from rtserver.base.bridge.message import Message, SilentQueues
from tcelib.lease.port import RegistryError

LOOK_SECONDS = 1.0
log = logging.getLogger(__name__)


class Looking(Protocol):
    """Keeper of the queues that nobody reads; ``AwayQueues`` is one."""

    def look(self) -> None:
        """Bring its set up to date. Raises ``RegistryError`` after that."""

    def wait(self, seconds: float) -> None:
        """Wait until there is something to look at, for ``seconds`` at most. Raises ``RegistryError``."""


class ResponderLoop:
    """Source of the service thread. ``looking`` keeps ``away``; ``pause`` waits for seconds."""

    def __init__(
        self,
        looking: Looking,
        away: Set[str],
        post: Callable[[Message], object],
        *,
        pause: Callable[[float], object],
    ) -> None:
        self._looking = looking
        self._away = away
        self._post = post
        self._pause = pause
        self._told: frozenset[str] = frozenset()
        self._is_stopping = False

    def run(self) -> None:
        """Look whenever there is something to see, and once a second, until ``stop``."""
        while not self._is_stopping:
            self.turn()

    def stop(self) -> None:
        """See ``Source``."""
        self._is_stopping = True

    def turn(self) -> None:
        """Look once, tell what has changed, and wait."""
        try:
            self._looking.look()
            self._tell()
            self._looking.wait(LOOK_SECONDS)
        except RegistryError as error:
            log.debug("who serves calls cannot be seen: %s", error)
            self._tell()
            self._pause(LOOK_SECONDS)

    def _tell(self) -> None:
        silent = frozenset(self._away)
        if silent != self._told:
            self._told = silent
            self._post(SilentQueues(silent))

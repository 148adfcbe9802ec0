"""ServerSign: announces now and then that this server runs, and which types of messages it handles."""

import logging
from collections.abc import Callable, Collection
from typing import Protocol

from rtserver.base.queue.port import QueueError
from rtserver.base.queue.server_list import ServerList

AGAIN_SECONDS = 20.0

log = logging.getLogger(__name__)


class Event(Protocol):
    """Event that the loop sleeps on."""

    def set(self) -> None:
        """Wake the loop."""

    def wait(self, timeout: float) -> object:
        """Wait for ``timeout`` seconds, or until it is set."""

    def is_set(self) -> bool:
        """Return True once it was set."""


class ServerSign:
    """Source of the service thread. ``server`` is a name that no other process has at the same time."""

    def __init__(
        self, servers: ServerList, server: str, types: Callable[[], Collection[str]], stopping: Event
    ) -> None:
        self._servers = servers
        self._server = server
        self._types = types
        self._stopping = stopping

    def run(self) -> None:
        """Announce the server until stopped, then withdraw. Other loops log that the queue is away."""
        while not self._stopping.is_set():
            try:
                self._servers.announce(self._server, self._types())
            except QueueError as error:
                log.debug("= no sign of this server: %s", error)
            self._stopping.wait(AGAIN_SECONDS)
        try:
            self._servers.withdraw(self._server)
        except QueueError as error:
            log.debug("= the sign of this server stays for a minute: %s", error)

    def stop(self) -> None:
        """Make ``run`` return."""
        self._stopping.set()

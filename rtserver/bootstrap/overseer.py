"""Overseer: whoever has started the process of a server and wants to know how it does."""

import logging
import os

from rtserver.bootstrap.app import App
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.process.banner import banner
from rtserver.bootstrap.process.service_manager import ServiceManager
from rtserver.bootstrap.shutdown import Departure

log = logging.getLogger(__name__)


class Overseer:
    """One that wants to know nothing; a subclass may. All is called on the event loop's thread.

    ``departure`` is what an end by a signal leaves behind. ``reloads`` says whether SIGHUP is never an end.
    """

    departure = Departure.UNKNOWN
    reloads = False

    def tell_up(self, app: App) -> None:
        """Called when the server accepts connections."""

    def tell_beat(self) -> None:
        """Called about twice a second while both threads turn."""

    def tell_stopping(self) -> None:
        """Called when the server begins to stop."""

    def tell_closed(self) -> None:
        """Called when it accepts no connections any more."""


class TerminalOverseer(Overseer):
    """A person at a terminal, who sees the banner, or a service manager."""

    def __init__(self, config: Config, *, has_demo: bool) -> None:
        self._config = config
        self._has_demo = has_demo
        self._manager = ServiceManager(os.environ)
        self.reloads = self._manager.is_there

    def tell_up(self, app: App) -> None:
        """See ``Overseer``."""
        print(banner(self._config, app.port, app.queue_address, self._has_demo), flush=True)  # noqa: T201
        for notice in app.version_notices():
            log.warning("%s", notice)
        self._manager.tell_ready()

    def tell_beat(self) -> None:
        """See ``Overseer``."""
        self._manager.tell_beat()

    def tell_stopping(self) -> None:
        """See ``Overseer``."""
        self._manager.tell_stopping()

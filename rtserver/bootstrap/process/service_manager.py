"""ServiceManager: tells a service manager that the server is up, turns, and stops (sd_notify(3)).

Without a service manager, as in a terminal, it tells nothing.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress


class ServiceManager:
    """systemd, if ``environ`` shows that it started this process and wants to be told."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the null byte of an abstract address (unix(7)).
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._wants_beats = bool(environ.get("WATCHDOG_USEC"))

    @property
    def is_there(self) -> bool:
        """True if a service manager started this process and wants to be told."""
        return bool(self._address)

    def tell_ready(self) -> None:
        """Tell that the server is up."""
        self._tell("READY=1")

    def tell_beat(self) -> None:
        """Tell that the threads turn. A manager that is not told for ``WatchdogSec`` ends the process and starts
        it anew.
        """
        if self._wants_beats:
            self._tell("WATCHDOG=1")

    def tell_stopping(self) -> None:
        """Tell that the server stops by itself."""
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        # It may have gone, or have no room for a datagram: neither is a reason not to go on.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(state.encode(), self._address)

"""What a service manager is told (sd_notify(3)): that we are up, that we still turn, that we go down.

Decides how it is told. Where nobody has asked for it, as in a terminal, nothing is said.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress


class Supervisor:
    """systemd, if ``environ`` says that it started us and wants to hear of us."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the null byte of an abstract address (unix(7)).
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._wants_beats = bool(environ.get("WATCHDOG_USEC"))

    @property
    def is_there(self) -> bool:
        """Whether somebody has started us who wants to hear of us."""
        return bool(self._address)

    def tell_ready(self) -> None:
        """We are up."""
        self._tell("READY=1")

    def tell_beat(self) -> None:
        """We still turn. Whoever does not hear it for ``WatchdogSec`` ends us and starts us anew."""
        if self._wants_beats:
            self._tell("WATCHDOG=1")

    def tell_stopping(self) -> None:
        """We go down by ourselves."""
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        # It may have gone, or have no room for a datagram: neither is a reason not to go on.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(state.encode(), self._address)

"""Ports between a TCE connection and the object that passes its calls on to services behind queues."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from rtserver.base.connection.handler import Agent
from tcelib.core.connection import RpcConnection
from tcelib.wire.message import Packet


class Reading(Protocol):
    """Reading side of a connection; ``ServingTurns`` is one."""

    is_full: bool
    """Set it to read nothing more."""

    def make_room(self) -> None:
        """Read on."""


class Passage(Protocol):
    """Way of one connection's calls to services."""

    def take(self, packet: Packet, /) -> bool:
        """Pass a message on. Return false if it is for this server's own servants or calls."""

    def end(self) -> None:
        """Forget the calls that wait for answers: the connection is over. Harmless after the first call."""


OpenPassage: TypeAlias = Callable[[Agent, RpcConnection, Reading], Passage]
"""Makes the passage of a connection whose user is known."""

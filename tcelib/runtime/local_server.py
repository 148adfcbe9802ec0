"""The properties of this program, as its communicator knows them.

``routes`` maps the names of interfaces to their routes. ``name_eps`` has the endpoints by name, ``ep_reads`` and
``ep_writes`` name those that are read and written, ``checks_user_ids`` is true where clients need a user id,
``limits`` are those of clients: all as services.xml says.
"""

from collections.abc import Mapping
from typing import Any

from tcelib.gateway.config.model import Server
from tcelib.limit.door_limits import DoorLimits


class LocalServer:
    """This program. ``name`` is the one that ``RpcCommunicator.init`` was given."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.properties: dict[str, Any] = {}
        self.routes: dict[str, Any] = {}
        self.name_eps: Mapping[str, Any] = {}
        self.ep_reads: tuple[str, ...] = ()
        self.ep_writes: tuple[str, ...] = ()
        self.checks_user_ids = False
        self.limits = DoorLimits()

    def describe(self, server: Server, endpoints: Mapping[str, Any]) -> None:
        """Take over what services.xml says of this program."""
        self.properties.update(server.properties)
        self.routes = {route.interface: route for route in server.routes}
        self.name_eps = endpoints
        self.ep_reads, self.ep_writes = server.reads, server.writes
        self.checks_user_ids, self.limits = server.checks_user_ids, server.limits

    def getPropertyValue(self, name: str, default: Any = None) -> Any:  # noqa: N802  the name that TCE's users know
        """Return a property that was set with ``setProperty``."""
        return self.properties.get(name, default)

    @property
    def props(self) -> dict[str, Any]:
        """The properties, by the name that users' gateways know."""
        return self.properties

    def getName(self) -> str:  # noqa: N802
        """Return the name."""
        return self.name

    def findEndPointByName(self, name: str) -> Any:  # noqa: N802
        """Return an endpoint of services.xml; None if there is none of that name."""
        return self.name_eps.get(name)

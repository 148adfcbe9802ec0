"""The properties of this program, as its communicator knows them."""

from typing import Any


class LocalServer:
    """This program. ``name`` is the one that ``RpcCommunicator.init`` was given."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.properties: dict[str, Any] = {}

    def getPropertyValue(self, name: str, default: Any = None) -> Any:  # noqa: N802  the name that TCE's users know
        """Return a property that was set with ``setProperty``."""
        return self.properties.get(name, default)

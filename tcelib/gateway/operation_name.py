"""OperationNames: names of operations, as people read them. Pure."""

from collections.abc import Mapping

from tcelib.gateway.traffic import OPERATION, SHIFT

OTHERS = "(others)"
"""No operation of an IDL has such a name."""


class OperationNames:
    """Names by route. ``interfaces`` maps names (module.Interface) to indexes; ``operations`` has, by the name of an
    interface, the names of its operations by their indexes. What is not known is told by its number.
    """

    def __init__(
        self, interfaces: Mapping[str, int], operations: Mapping[str, Mapping[int, str]] | None = None
    ) -> None:
        self._interfaces = {index: name for name, index in interfaces.items()}
        self._operations = operations or {}

    def of(self, route: int) -> tuple[str, str]:
        """Return the names of an interface and an operation of it; of a route that stands for several, ``OTHERS``."""
        index, operation = route >> SHIFT, route & OPERATION
        interface = self._interfaces.get(index, f"{index}")
        if operation == OPERATION:
            return interface, OTHERS
        return interface, self._operations.get(interface, {}).get(operation, f"{operation}")

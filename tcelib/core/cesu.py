"""Texts for the original JavaScript client, which reads characters as CESU-8 (TCE protocol, section 3.1).

Of the characters outside the basic plane it drops those in standard UTF-8.

Its generated code and ours write texts by ``encode_text``, which asks the text itself for its bytes. So values are
walked before they are written, and their texts replaced by texts that know how.
"""

from collections.abc import Mapping
from copy import copy
from typing import Any, TypeVar

from tcelib.core.operation import Operation, Struct
from tcelib.core.servant import Entry, Finds
from tcelib.wire.text import HalvedText, has_pairs

V = TypeVar("V")


def halved(value: V) -> V:
    """The same value, whose texts are written in CESU-8; itself, if that makes no difference."""
    made: Any = value
    match value:
        case str():
            made = HalvedText(value) if has_pairs(value) else value
        case list() | tuple():
            parts = [halved(part) for part in value]
            made = type(value)(parts) if _differs(parts, value) else value
        case Mapping():
            pairs = [(halved(key), halved(part)) for key, part in value.items()]
            made = dict(pairs) if any(_differs(*both) for both in zip(pairs, value.items(), strict=True)) else value
        case Struct():
            fields = [getattr(value, name) for name in value.__slots__]
            parts = [halved(part) for part in fields]
            if _differs(parts, fields):
                made = copy(value)
                for name, part in zip(value.__slots__, parts, strict=True):
                    setattr(made, name, part)
    return made  # type: ignore[no-any-return]


class CesuRoutes:
    """An adapter's routes, whose operations write their results in CESU-8."""

    def __init__(self, routes: Finds) -> None:
        self._routes = routes
        self._operations: dict[Operation[Any], Operation[Any]] = {}

    def get(self, route: int) -> Entry | None:
        """The entry of a route; None if it is not served."""
        entry = self._routes.get(route)
        if entry is None:
            return None
        operation, method, middle = entry
        if operation not in self._operations:
            self._operations[operation] = _in_cesu8(operation)
        return self._operations[operation], method, middle


def _in_cesu8(operation: Operation[Any]) -> Operation[Any]:
    write = operation.write_result
    made = copy(operation)
    made.write_result = lambda value: write(halved(value))
    return made


def _differs(parts: Any, originals: Any) -> bool:
    return any(part is not original for part, original in zip(parts, originals, strict=True))

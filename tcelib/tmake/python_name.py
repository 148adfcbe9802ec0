"""Names in generated Python: no name of the IDL hides one that the code needs.

A name that Python or the generated code needs gets a trailing ``_``. Names that only generated code uses begin with
``_`` and give way to the IDL's.
"""

import builtins
import keyword
from collections.abc import Iterable

from tcelib.tmake.model import Declared, Interface, Operation, Struct

KEYWORDS = frozenset(keyword.kwlist)
BUILTIN_NAMES = frozenset(dir(builtins))
IMPORTED = frozenset({"annotations", "struct", "tce", "Self", "TypeAlias"})
LOCALS = frozenset({"self", "ctx", "data", "at", "end", "count", "value", "values", "key", "parts"})
"""What functions of generated code call their own things, whatever the IDL says."""
OF_MODULES = KEYWORDS | {"tcelib"}
OF_ELEMENTS = KEYWORDS | BUILTIN_NAMES | IMPORTED
OF_MEMBERS = KEYWORDS | {"self"}
OF_PARAMETERS = KEYWORDS | {"self", "ctx", "timeout", "extra", "callback", "cookie", "error"}
OF_OPERATIONS = KEYWORDS | {
    *("INTERFACE", "Self", "conn", "create", "createWithEpName", "createWithProxy", "of"),
    *("_call", "_call_async", "_send"),
}


def python_name(name: str, reserved: Iterable[str]) -> str:
    """``name``, or the nearest one that is free and that a class body leaves as it is."""
    if name.startswith("__"):
        return f"_{name.lstrip('_')}_"
    return f"{name}_" if name in reserved else name


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """``wanted`` with as many ``_`` behind it as it needs to be free."""
    while wanted in taken:
        wanted += "_"
    return wanted


class Names:
    """Hands out names of one scope, each but once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def taken(self) -> frozenset[str]:
        return frozenset(self._taken)

    def take(self, wanted: str) -> str:
        name = free_name(wanted, self._taken)
        self._taken.add(name)
        return name

    def take_all(self, wanted: Iterable[str], reserved: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.take(python_name(name, reserved)) for name in wanted)


def member_names(struct: Struct) -> tuple[str, ...]:
    """The attributes of the struct's class."""
    return Names(()).take_all((member.name for member in struct.members), OF_MEMBERS)


def parameter_names(operation: Operation) -> tuple[str, ...]:
    """The parameters of the operation's methods."""
    return Names(()).take_all((param.name for param in operation.params), OF_PARAMETERS)


def method_name(operation: Operation) -> str:
    """Return the name of an operation in proxies and servants."""
    return python_name(operation.name, OF_OPERATIONS)


def file_name(module: str) -> str:
    """The name that the module is imported by."""
    return python_name(module, OF_MODULES)


def class_name(element: Declared) -> str:
    """The name of a struct's or servant's class, or of a sequence's or dictionary's alias."""
    return python_name(element.name, OF_ELEMENTS)


def proxy_name(interface: Interface) -> str:
    return f"{class_name(interface)}Prx"

"""Operations, interfaces, and the base of structs: the IDL as objects that generated code makes.

An operation carries its own interface index, so that an inherited one is called by the base's index.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

R = TypeVar("R")


class Operation(Generic[R]):
    """One operation of an interface (TCE protocol, section 2.2).

    ``write_params(*args)`` and ``write_result(value)`` give a whole parameter stream, or raise ``codec.UNSENDABLE``.
    ``read_params(data)`` gives the arguments as a tuple, ``read_result(data)`` the value; they get the stream from
    its first to its last byte and raise ``codec.MALFORMED`` if it is cut or not used up.

    ``method`` is what proxies and servants call it, where that differs from the IDL's name (``import`` is no name for
    a method in Python).
    """

    __slots__ = (
        "full_name",
        "ifidx",
        "is_void",
        "method",
        "name",
        "opidx",
        "read_params",
        "read_result",
        "result_count",
        "route",
        "write_params",
        "write_result",
    )

    def __init__(
        self,
        interface: str,
        name: str,
        *,
        ifidx: int,
        opidx: int,
        is_void: bool,
        write_params: Callable[..., bytes],
        read_params: Callable[[bytes], tuple[Any, ...]],
        write_result: Callable[[R], bytes],
        read_result: Callable[[bytes], R],
        method: str = "",
    ) -> None:
        self.full_name = f"{interface}.{name}"
        self.name = name
        self.method = method or name
        self.ifidx = ifidx
        self.opidx = opidx
        self.route = ifidx << 16 | opidx
        self.is_void = is_void
        self.result_count = 0 if is_void else 1
        self.write_params = write_params
        self.read_params = read_params
        self.write_result = write_result
        self.read_result = read_result

    def __repr__(self) -> str:
        return f"<Operation {self.full_name} {self.ifidx}.{self.opidx}>"


class Interface:
    """An interface with its own operations; those it inherits belong to its bases."""

    __slots__ = ("bases", "ifidx", "name", "operations")

    def __init__(
        self,
        name: str,
        *,
        ifidx: int,
        operations: tuple[Operation[Any], ...],
        bases: "tuple[Interface, ...]" = (),
    ) -> None:
        self.name = name
        self.ifidx = ifidx
        self.operations = operations
        self.bases = bases

    def __repr__(self) -> str:
        return f"<Interface {self.name} {self.ifidx}>"


class Struct:
    """Base of generated structs, whose ``__slots__`` are the fields in the IDL's order.

    Two structs are equal if they are of one class and all fields are equal. They can be changed, hence not hashed.
    """

    __slots__: ClassVar[tuple[str, ...]] = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"

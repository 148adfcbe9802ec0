"""Servants, and the table by which a call finds its method.

The table is an explicit dictionary from route to bound method, made when a servant is added: a number from the wire
never leads to anything that is not in it.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

from tcelib.core.operation import Interface, Operation
from tcelib.wire.packet import answer_middle

R = TypeVar("R")
Answer: TypeAlias = R | Awaitable[R]
"""What a generated method is declared to give, so that ``async def`` may override it."""

Method: TypeAlias = Callable[..., Any]
Entry: TypeAlias = tuple[Operation[Any], Method, bytes]
"""An operation, the method that serves it, and the middle of its short answers (``answer_middle``)."""
Routes: TypeAlias = Mapping[int, Entry]


class Finds(Protocol):
    """The part of routes that a connection needs."""

    def get(self, route: int, /) -> Entry | None:
        """The entry of a route; None if it is not served."""


class Servant:
    """Base of generated servant classes, each with the interface it serves. What a team writes is derived from those.

    A method takes the operation's parameters and ``ctx`` (an ``RpcContext``) and gives the result. It may be
    ``async def``. An exception reaches the caller as RPCERROR_REMOTEMETHOD_EXCEPTION, without its words.
    """

    INTERFACE: ClassVar[Interface]


class ServantTable:
    """Route -> the method that serves it. Of one interface, the servant that was added last counts."""

    __slots__ = ("_interfaces", "routes")

    def __init__(self) -> None:
        self.routes: dict[int, Entry] = {}
        self._interfaces: dict[int, Interface] = {}

    def add(self, servant: Servant) -> None:
        """Serve all interfaces of ``servant``, its own and those of its bases.

        Raises ``ValueError`` if one of them has the index of another interface that is served already.
        """
        served = dict(self._interfaces)
        interfaces = list(interfaces_of(type(servant)))
        for interface in interfaces:
            other = served.setdefault(interface.ifidx, interface)
            if other.name != interface.name:
                raise ValueError(f"{interface.name} has index {interface.ifidx}, and so has {other.name}")
        self._interfaces = served
        for interface in interfaces:
            for operation in interface.operations:
                self._enter(operation.route, operation, getattr(servant, operation.method))

    def add_alias(self, index: int, of: int) -> None:
        """Serve the interface with the index ``of`` by ``index``, too. Raises ``ValueError`` if that is taken, or if
        there is no such interface."""
        interface = self._interfaces.get(of)
        if interface is None:
            raise ValueError(f"no interface with index {of} is served")
        other = self._interfaces.setdefault(index, interface)
        if other is not interface:
            raise ValueError(f"{interface.name} cannot have index {index}, which {other.name} has")
        for operation in interface.operations:
            self._enter(index << 16 | operation.opidx, operation, self.routes[operation.route][1])

    def guard(self, guarded: Callable[[Operation[Any], Method], Method]) -> None:
        """Serve each route by what ``guarded`` makes of its operation and its method."""
        for route, (operation, method, _) in tuple(self.routes.items()):
            self._enter(route, operation, guarded(operation, method))

    def _enter(self, route: int, operation: Operation[Any], method: Method) -> None:
        self.routes[route] = operation, method, answer_middle(route, operation.result_count)


def interfaces_of(servant_class: type[Servant]) -> Iterator[Interface]:
    """The interfaces along the class's method resolution order, the most derived first."""
    for cls in servant_class.__mro__:
        interface = cls.__dict__.get("INTERFACE")
        if interface is not None:
            yield interface

"""Reads the tables ``[rpc_routes.NAME]``, and the IDL that each names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from os import path
from typing import Annotated

import msgspec
from msgspec import Meta

from rtserver.rpc.operation import RpcOperation
from rtserver.rpc.route import QueueType, RouteError, RpcRoute
from tcelib.gateway.config.model import DEFAULT_TIMEOUT
from tcelib.queue.error import MessageError
from tcelib.queue.name import checked_name
from tcelib.tmake.command import INDEX_LISTS
from tcelib.tmake.compiler import compile_files
from tcelib.tmake.model import Interface, Model

LONGEST_TYPE = 64  # of a message
LONGEST_QUEUE = 100  # the queues for answers have longer names
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a table. ``index_list`` empty: none, although one lies beside the IDL."""

    idl: Annotated[str, Meta(min_length=1)]
    interfaces: Annotated[tuple[str, ...], Meta(min_length=1)]
    queue: Annotated[str, Meta(min_length=1)]
    type: QueueType = QueueType.STREAM
    timeout: Annotated[float, Meta(gt=0, le=86_400)] = DEFAULT_TIMEOUT
    idempotent: bool = False
    index_list: str | None = None


def read_routes(tables: object) -> tuple[RpcRoute, ...]:
    """Return the routes in their order. Raises ``RouteError`` for the first mistake."""
    if not isinstance(tables, Mapping):
        raise RouteError("", "", f"{tables!r} is not allowed; it must be tables [rpc_routes.NAME]")
    routes = tuple(_read_one(name, table) for name, table in tables.items())
    _check_together(routes)
    return routes


def _read_one(name: str, raw: object) -> RpcRoute:
    if _NAME.fullmatch(name) is None:
        raise RouteError(name, "", "a name has letters, digits, - and _, and begins with a letter")
    try:
        table = msgspec.convert(raw, _Table)
    except msgspec.ValidationError as error:
        raise RouteError(name, "", str(error)) from None
    try:
        checked_name(table.queue)
    except MessageError as error:
        raise RouteError(name, "queue", error.reason) from None
    if len(table.queue) > LONGEST_QUEUE:
        raise RouteError(name, "queue", f"has {len(table.queue)} characters; allowed are {LONGEST_QUEUE}")
    model = _compile(name, table)
    wanted = [_find(name, model, interface) for interface in table.interfaces]
    interfaces = tuple(dict.fromkeys(each for interface in wanted for each in (interface, *interface.bases())))
    return RpcRoute(
        name,
        {each.index: each.full_name for each in interfaces},
        tuple(_operations(name, interfaces)),
        table.queue,
        table.type,
        table.timeout,
        table.idempotent,
    )


def _compile(name: str, table: _Table) -> Model:
    beside = [each for each in INDEX_LISTS if path.isfile(path.join(path.dirname(table.idl), each))]
    if table.index_list is None and beside:
        problem = f"is missing; {beside[0]} beside the IDL may say other indexes: name it, or none by an empty text"
        raise RouteError(name, "index_list", problem)
    compilation = compile_files([table.idl], table.index_list or None)
    if compilation.model is None:
        first, *others = [problem for problem in compilation.problems if problem.is_mistake]
        more = f" (and {len(others)} more)" if others else ""
        raise RouteError(name, "idl", f"{first.place}: {first.message}{more}")
    return compilation.model


def _find(route: str, model: Model, name: str) -> Interface:
    known = {interface.full_name: interface for interface in model.interfaces()}
    found = known.get(name)
    if found is None:
        near = get_close_matches(name, known, n=1) or [each for each in known if each.endswith(f".{name}")]
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
        raise RouteError(route, "interfaces", f"the IDL has no interface {name!r}; {hint}")
    return found


def _operations(route: str, interfaces: Sequence[Interface]) -> Iterator[RpcOperation]:
    owners: dict[str, str] = {}
    for interface in interfaces:
        for operation in interface.operations:
            msg_type = f"{route}.{operation.name}"
            if len(msg_type) > LONGEST_TYPE:
                problem = f"a message of type {msg_type!r} has a type of more than {LONGEST_TYPE} characters"
                raise RouteError(route, "", problem)
            other = owners.setdefault(operation.name, interface.full_name)
            if other != interface.full_name:
                problem = (
                    f"{other} and {interface.full_name} both have an operation {operation.name!r}, and messages of "
                    f"type {msg_type!r} could mean either: give each interface a table of its own"
                )
                raise RouteError(route, "interfaces", problem)
            yield RpcOperation(msg_type, interface, operation)


def _check_together(routes: Sequence[RpcRoute]) -> None:
    """Refuse an interface with two ways, and a queue of two types."""
    owners: dict[int, RpcRoute] = {}
    queues: dict[str, RpcRoute] = {}
    for route in routes:
        for index, name in route.interfaces.items():
            other = owners.setdefault(index, route)
            if other is not route:
                clash = f"as {other.interfaces[index]} of {other.name}"
                problem = f"{name} has the index {index}, {clash}: calls find their way by it"
                raise RouteError(route.name, "interfaces", problem)
        first = queues.setdefault(route.queue, route)
        if first.type is not route.type:
            raise RouteError(route.name, "type", f"{route.queue} is of type {first.type} in {first.name}")

"""Docstrings of generated Python: the declaration as the IDL has it, and its place."""

from pathlib import PurePath

from tcelib.tmake.model import Builtin, Interface, Operation, Type
from tcelib.tmake.syntax.tree import Place


def origin(place: Place) -> str:
    """The file without its directories: the text must not depend on where it is made."""
    return f"{PurePath(place.file).name}, line {place.line}"


def description(interface: Interface) -> str:
    extends = "" if interface.base is None else f", which extends {interface.base.full_name}"
    return f"interface {interface.full_name}, index {interface.index}{extends} ({origin(interface.place)})"


def signature(operation: Operation) -> str:
    params = ", ".join(f"{_idl_name(param.type)} {param.name}" for param in operation.params)
    declared = f"{_idl_name(operation.result)} {operation.name}({params})"
    return f"{declared}, index {operation.index} ({origin(operation.place)})."


def _idl_name(type_: Type | None) -> str:
    if type_ is None:
        return "void"
    return type_.value if isinstance(type_, Builtin) else type_.name

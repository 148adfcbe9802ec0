"""The syntax tree of an IDL file, as it was written.

Names are not resolved here and nothing is checked: two structs of one name are two structs. Every part knows where it
stands.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Beginning of something in a file: lines and columns count from 1, columns in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier where it stands."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class TypeName:
    """``Point`` or ``geo::Point``; builtin types are names like any other until they are resolved."""

    module: Name | None
    name: Name

    @property
    def place(self) -> Place:
        return self.name.place if self.module is None else self.module.place

    def __str__(self) -> str:
        return self.name.text if self.module is None else f"{self.module.text}::{self.name.text}"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One ``key=value`` of ``[key=value, ...]``. ``value`` is as written, a string's without its quotes."""

    key: Name
    value: str
    place: Place
    """Of the value."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A type and a name: a member of a struct or a parameter of an operation."""

    type: TypeName
    name: Name


@dataclass(frozen=True, slots=True)
class Struct:
    """``struct name { members }``"""

    name: Name
    members: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """``sequence<element> name``"""

    name: Name
    element: TypeName


@dataclass(frozen=True, slots=True)
class Dictionary:
    """``dictionary<key, value> name``"""

    name: Name
    key: TypeName
    value: TypeName


@dataclass(frozen=True, slots=True)
class Operation:
    """``[annotations] result name(params)``"""

    annotations: tuple[Annotation, ...]
    result: TypeName
    name: Name
    params: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Interface:
    """``[annotations] interface name extends base { operations }``"""

    annotations: tuple[Annotation, ...]
    name: Name
    base: TypeName | None
    operations: tuple[Operation, ...]


Element: TypeAlias = Struct | Sequence | Dictionary | Interface


@dataclass(frozen=True, slots=True)
class Module:
    """One opening of a module; the same module may be opened again, here or in another file."""

    name: Name
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """``import name``, which means the file ``name.idl``."""

    name: Name


@dataclass(frozen=True, slots=True)
class File:
    """The imports and modules of one file, in the order they stand in."""

    parts: tuple[Import | Module, ...]

"""Meaning of the IDL: modules of named types and interfaces, every reference resolved, every index assigned.

This is all that an emitter sees. It knows no target language: names are the IDL's own. A model is free of errors:
types do not contain themselves, every index fits the wire, inherited operations are not redefined.

Declared things are the same only if they are the same object, so that they can be keys of a dict at no cost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tcelib.tmake.syntax.tree import Place


class Builtin(StrEnum):
    """The types that need no declaration. ``void`` is none of them: an operation without a result has ``None``."""

    BYTE = "byte"
    BOOL = "bool"
    SHORT = "short"
    INT = "int"
    LONG = "long"
    FLOAT = "float"
    DOUBLE = "double"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Variable:
    """A member of a struct, or a parameter."""

    name: str
    type: "Type"


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """Declaration of a module, with its name."""

    module: str
    name: str
    place: Place

    @property
    def full_name(self) -> str:
        """``module.name``, as logs and ``ifxdef.txt`` say it."""
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Struct(Declared):
    """Its members one after another, at least one."""

    members: tuple[Variable, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sequence(Declared):
    """A count and that many elements. Of ``byte`` it is what languages call bytes."""

    element: "Type"

    @property
    def is_bytes(self) -> bool:
        return self.element is Builtin.BYTE


@dataclass(frozen=True, slots=True, eq=False)
class Dictionary(Declared):
    """A count and that many pairs."""

    key: Builtin
    value: "Type"


Type: TypeAlias = Builtin | Struct | Sequence | Dictionary


@dataclass(frozen=True, slots=True)
class Operation:
    """Operation that a proxy calls and a servant serves."""

    name: str
    index: int
    result: Type | None
    params: tuple[Variable, ...]
    comment: str
    place: Place

    @property
    def is_void(self) -> bool:
        """True if there is no result, and therefore a one-way call."""
        return self.result is None


@dataclass(frozen=True, slots=True, eq=False)
class Interface(Declared):
    """``operations`` are its own ones; those of ``base`` are called by the base's index."""

    index: int
    base: "Interface | None"
    operations: tuple[Operation, ...]
    comment: str
    is_exposed: bool
    """False if an index list says that no servant is wanted in any language."""
    without_servant: frozenset[str]
    """Languages of ``skeleton_xxx=false``: among js, objc, as, cpp, csharp, java."""

    def has_servant(self, language: str) -> bool:
        """Return true if code for a servant is wanted in ``language``, named as in ``skeleton_xxx``."""
        return self.is_exposed and language not in self.without_servant

    def bases(self) -> Iterator["Interface"]:
        """The base, its base, and so on."""
        base = self.base
        while base is not None:
            yield base
            base = base.base


Element: TypeAlias = Struct | Sequence | Dictionary | Interface


@dataclass(frozen=True, slots=True)
class Module:
    """All elements of a module in the order of declaration, over all places that open it."""

    name: str
    elements: tuple[Element, ...]
    place: Place
    """Of its first opening."""

    def interfaces(self) -> tuple[Interface, ...]:
        return tuple(element for element in self.elements if isinstance(element, Interface))

    def types(self) -> tuple[Struct | Sequence | Dictionary, ...]:
        return tuple(element for element in self.elements if not isinstance(element, Interface))

    def imports(self) -> tuple[str, ...]:
        """The other modules that its types and interfaces name, sorted."""
        named = {
            used.module
            for element in self.elements
            for used in references(element)
            if isinstance(used, Declared) and used.module != self.name
        }
        return tuple(sorted(named))

    def base_modules(self) -> tuple[str, ...]:
        """Those of ``imports`` in which an interface of this module has its base, sorted."""
        bases = {interface.base.module for interface in self.interfaces() if interface.base is not None}
        return tuple(sorted(bases - {self.name}))


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that was compiled together, imported files included; modules in the order they were opened first."""

    modules: tuple[Module, ...]

    def interfaces(self) -> tuple[Interface, ...]:
        return tuple(interface for module in self.modules for interface in module.interfaces())


def references(element: Element) -> Iterator[Type | Interface]:
    """Everything that the declaration of ``element`` names, in order, repeated if it is named repeatedly."""
    match element:
        case Struct(members=members):
            yield from (member.type for member in members)
        case Sequence():
            yield element.element
        case Dictionary(key=key, value=value):
            yield from (key, value)
        case Interface(base=base, operations=operations):
            if base is not None:
                yield base
            for operation in operations:
                yield from (param.type for param in operation.params)
                if operation.result is not None:
                    yield operation.result

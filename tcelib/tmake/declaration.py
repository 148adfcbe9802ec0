"""The names that all modules declare, before any of them means something."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from tcelib.tmake.model import Builtin
from tcelib.tmake.syntax.error import DUPLICATE_NAME, EMPTY_BODY, RESERVED_NAME, Problem
from tcelib.tmake.syntax.tree import Element, Interface, Module, Name, Place, Struct, Variable

Key: TypeAlias = tuple[str, str]
"""Module and name."""

RESERVED = frozenset(
    {*Builtin, "void", "import", "module", "interface", "extends", "struct", "sequence", "dictionary", "exception"}
)


@dataclass
class Declarations:
    """Modules in the order of their first opening, elements in the order of declaration."""

    modules: dict[str, dict[str, Element]] = field(default_factory=dict)
    openings: dict[str, Place] = field(default_factory=dict)
    """Where each module is opened first."""
    ranks: dict[Key, int] = field(default_factory=dict)
    """The order of declaration over everything."""

    def items(self) -> Iterator[tuple[Key, Element]]:
        for module, elements in self.modules.items():
            yield from (((module, name), element) for name, element in elements.items())

    def place(self, key: Key) -> Place:
        return self.modules[key[0]][key[1]].name.place

    def get(self, key: Key) -> Element | None:
        return self.modules.get(key[0], {}).get(key[1])


def declare(modules: Iterable[Module], problems: list[Problem]) -> Declarations:
    """All declarations; of two with one name the first."""
    declared = Declarations()
    for module in modules:
        elements = declared.modules.setdefault(module.name.text, {})
        declared.openings.setdefault(module.name.text, module.name.place)
        for element in module.elements:
            _check(element, problems)
            name = element.name.text
            if name in elements:
                place = elements[name].name.place
                problems.append(DUPLICATE_NAME.at(element.name.place, "name", name, place))
            elif name not in RESERVED:
                elements[name] = element
                declared.ranks[module.name.text, name] = len(declared.ranks)
    return declared


def _check(element: Element, problems: list[Problem]) -> None:
    """Find the problems of an element alone."""
    name = element.name
    if name.text in RESERVED:
        problems.append(RESERVED_NAME.at(name.place, name.text))
    if isinstance(element, Struct):
        if not element.members:
            problems.append(EMPTY_BODY.at(name.place, "struct", name.text, "member"))
        _check_distinct("member", _names(element.members), problems)
    elif isinstance(element, Interface):
        if not element.operations:
            problems.append(EMPTY_BODY.at(name.place, "interface", name.text, "operation"))
        _check_distinct("operation", [operation.name for operation in element.operations], problems)
        for operation in element.operations:
            _check_distinct("parameter", _names(operation.params), problems)


def _names(variables: Iterable[Variable]) -> list[Name]:
    return [variable.name for variable in variables]


def _check_distinct(kind: str, names: Iterable[Name], problems: list[Problem]) -> None:
    first: dict[str, Name] = {}
    for name in names:
        known = first.setdefault(name.text, name)
        if known is not name:
            problems.append(DUPLICATE_NAME.at(name.place, kind, name.text, known.place))

"""Indexes of interfaces and operations. TCE protocol, section 5.4.

Each module counts its interfaces from 0, each interface its operations. An index that is said replaces the counted
one and does not change the count: the annotation's, else the index list's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tcelib.tmake.annotation import MAX_INDEX, Annotations, annotations_of
from tcelib.tmake.declaration import Declarations, Key
from tcelib.tmake.index_list import Entry, IndexList
from tcelib.tmake.syntax.error import (
    DUPLICATE_INDEX,
    INDEX_COLLISION,
    INDEX_OUT_OF_RANGE,
    INDEX_TOO_HIGH,
    UNKNOWN_IN_INDEX_LIST,
    Problem,
    did_you_mean,
)
from tcelib.tmake.syntax.tree import Interface, Operation

MAX_SIGNED_INDEX = 0x7FFF
MAX_CPP_OPERATION = 0x7F
MAX_CPP_SERVANT = 0xFF


@dataclass(frozen=True, slots=True)
class Numbered:
    """An interface or operation with its index and the rest of what is said of it."""

    index: int
    is_exposed: bool
    annotations: Annotations


@dataclass(frozen=True, slots=True)
class Numbers:
    interfaces: dict[Key, Numbered] = field(default_factory=dict)
    operations: dict[tuple[Key, str], Numbered] = field(default_factory=dict)


def number(declarations: Declarations, index_list: IndexList, problems: list[Problem]) -> Numbers:
    """The numbers of all interfaces and operations."""
    numbers = Numbers()
    counted: dict[str, int] = {}
    for key, element in declarations.items():
        if isinstance(element, Interface):
            count = counted.get(key[0], 0)
            counted[key[0]] = count + 1
            entry = index_list.interfaces.get(".".join(key))
            numbers.interfaces[key] = _numbered(element, count, entry, problems)
            _check_servant(element, numbers.interfaces[key], problems)
            for at, operation in enumerate(element.operations):
                entry = index_list.operations.get(".".join((*key, operation.name.text)))
                numbers.operations[key, operation.name.text] = _numbered(operation, at, entry, problems)
            _check_operations(key, element, numbers, problems)
    _check_interfaces(declarations, numbers, problems)
    _check_list(index_list, numbers, problems)
    return numbers


def _numbered(element: Interface | Operation, count: int, entry: Entry | None, problems: list[Problem]) -> Numbered:
    said = annotations_of(element, problems)
    listed = None if entry is None else entry.index
    index = next(number for number in (said.index, listed, count) if number is not None)
    kind = "interface" if isinstance(element, Interface) else "operation"
    name = element.name
    if index > MAX_INDEX:
        problems.append(INDEX_OUT_OF_RANGE.at(name.place, kind, name.text, str(index)))
    elif index > MAX_SIGNED_INDEX:
        problems.append(INDEX_TOO_HIGH.at(name.place, kind, name.text, index, MAX_SIGNED_INDEX, "Java and C#"))
    return Numbered(index, entry is None or entry.is_exposed, said)


def _check_servant(interface: Interface, numbered: Numbered, problems: list[Problem]) -> None:
    """The C++ runtime looks servants up by 8 bits of the index; its proxies call by 16."""
    is_served = numbered.is_exposed and "cpp" not in numbered.annotations.without_servant
    if is_served and MAX_CPP_SERVANT < numbered.index <= MAX_INDEX:
        name = interface.name
        languages = "C++ servants (unless skeleton_cpp=false)"
        problems.append(
            INDEX_TOO_HIGH.at(name.place, "interface", name.text, numbered.index, MAX_CPP_SERVANT, languages)
        )


def _check_operations(key: Key, interface: Interface, numbers: Numbers, problems: list[Problem]) -> None:
    taken: dict[int, str] = {}
    for operation in interface.operations:
        name, place = operation.name.text, operation.name.place
        index = numbers.operations[key, name].index
        other = taken.setdefault(index, name)
        if other != name:
            problems.append(DUPLICATE_INDEX.at(place, name, other, index))
        if index > MAX_CPP_OPERATION:
            problems.append(INDEX_TOO_HIGH.at(place, "operation", name, index, MAX_CPP_OPERATION, "C++ clients"))


def _check_interfaces(declarations: Declarations, numbers: Numbers, problems: list[Problem]) -> None:
    taken: dict[int, Key] = {}
    for key, numbered in numbers.interfaces.items():
        other = taken.setdefault(numbered.index, key)
        if other != key:
            problems.append(
                INDEX_COLLISION.at(declarations.place(key), ".".join(key), ".".join(other), numbered.index)
            )


def _check_list(index_list: IndexList, numbers: Numbers, problems: list[Problem]) -> None:
    known = {".".join(key) for key in numbers.interfaces}
    _check_names(index_list.interfaces, known, problems)
    _check_names(index_list.operations, {".".join((*key, name)) for key, name in numbers.operations}, problems)


def _check_names(entries: Mapping[str, Entry], known: set[str], problems: list[Problem]) -> None:
    problems.extend(
        UNKNOWN_IN_INDEX_LIST.at(entry.place, name, did_you_mean(name, known))
        for name, entry in entries.items()
        if name not in known
    )

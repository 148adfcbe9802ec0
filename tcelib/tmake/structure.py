"""Structure of declarations whose names are resolved: types that contain types, interfaces that extend interfaces.

What is found on the way: names without a meaning, circles, nesting that is too deep, operations declared again.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from tcelib.tmake.declaration import Declarations, Key
from tcelib.tmake.dependency import in_order
from tcelib.tmake.resolver import Resolver, Target, is_void
from tcelib.tmake.syntax.error import (
    CIRCULAR_INHERITANCE,
    CIRCULAR_MODULES,
    DECLARED_LATER,
    NESTED_TOO_DEEPLY,
    RECURSIVE_TYPE,
    REDEFINED_OPERATION,
    Problem,
)
from tcelib.tmake.syntax.tree import Dictionary, Element, Interface, Operation, Place, Sequence, Struct, TypeName

MAX_NESTING = 64
Meaning: TypeAlias = dict[TypeName, Target]
"""What each name means at its place. A result that is void has no meaning."""


def meaning_of(declarations: Declarations, problems: list[Problem]) -> Meaning:
    """Return the meaning of all names; a name without one is left out, with a problem more."""
    meaning: Meaning = {}
    for key, element in declarations.items():
        found = dict(_resolved(element, Resolver(declarations, key, problems)))
        meaning.update((name, target) for name, target in found.items() if target is not None)
    return meaning


def _resolved(element: Element, resolver: Resolver) -> Iterator[tuple[TypeName, Target | None]]:
    match element:
        case Struct(members=members):
            yield from ((member.type, resolver.value(member.type)) for member in members)
        case Sequence(element=of):
            yield of, resolver.value(of)
        case Dictionary(key=key, value=value):
            yield key, resolver.dictionary_key(key)
            yield value, resolver.value(value)
        case Interface(base=base, operations=operations):
            if base is not None:
                yield base, resolver.base(base)
            for operation in operations:
                yield from _resolved_in(operation, resolver)


def _resolved_in(operation: Operation, resolver: Resolver) -> Iterator[tuple[TypeName, Target | None]]:
    if not is_void(operation.result):
        yield operation.result, resolver.value(operation.result, is_later_fine=True)
    for param in operation.params:
        yield param.type, resolver.value(param.type, is_later_fine=True)


def types_in_order(declarations: Declarations, meaning: Meaning, problems: list[Problem]) -> list[Key]:
    """All types, each behind those it is made of."""
    contains: dict[Key, list[Key]] = {}
    for key, element in declarations.items():
        if not isinstance(element, Interface):
            targets = (meaning.get(name) for name in _parts(element))
            contains[key] = [target for target in targets if isinstance(target, tuple)]
    order, circles = in_order(contains)
    for circle in circles:
        names = [name for key in circle for name in _parts(declarations.get(key)) if meaning.get(name) in circle]
        _forget_order(names, problems)
        problems.append(_recursive(declarations.place(circle[0]), _full_names(circle)))
    depths: dict[Key, int] = {}
    for key in order:
        depths[key] = 1 + max((depths[part] for part in contains[key]), default=0)
        if depths[key] == MAX_NESTING + 1:
            problems.append(NESTED_TOO_DEEPLY.at(declarations.place(key), key[1], MAX_NESTING))
    return order


def interfaces_in_order(declarations: Declarations, meaning: Meaning, problems: list[Problem]) -> list[Key]:
    """All interfaces, each behind its base."""
    extends: dict[Key, list[Key]] = {}
    for key, element in declarations.items():
        if isinstance(element, Interface):
            base = None if element.base is None else meaning.get(element.base)
            extends[key] = [base] if isinstance(base, tuple) else []
    order, circles = in_order(extends)
    for circle in circles:
        _forget_order([base for base in map(_base, map(declarations.get, circle)) if base is not None], problems)
        problems.append(_circular(declarations.place(circle[0]), _full_names(circle)))
    inherited: dict[Key, dict[str, tuple[Key, Operation]]] = {}
    for key in order:
        from_base = inherited[extends[key][0]] if extends[key] else {}
        inherited[key] = _all_operations(declarations, key, from_base, problems)
    _check_modules(declarations, {key: extends[key] for key in order}, problems)
    return order


def _all_operations(
    declarations: Declarations,
    key: Key,
    from_base: dict[str, tuple[Key, Operation]],
    problems: list[Problem],
) -> dict[str, tuple[Key, Operation]]:
    """Its own operations and ``from_base``, each with the interface that declares it."""
    interface = declarations.get(key)
    assert isinstance(interface, Interface)
    for operation in interface.operations:
        if operation.name.text in from_base:
            home, first = from_base[operation.name.text]
            place = operation.name.place
            problems.append(REDEFINED_OPERATION.at(place, operation.name.text, ".".join(home), first.name.place))
    return {operation.name.text: (key, operation) for operation in interface.operations} | from_base


def _check_modules(declarations: Declarations, extends: dict[Key, list[Key]], problems: list[Problem]) -> None:
    needs: dict[str, list[str]] = {module: [] for module in declarations.modules}
    for (module, _), bases in extends.items():
        needs[module].extend(base for base, _ in bases if base != module)
    for circle in in_order(needs)[1]:
        first = next(
            key for key, bases in extends.items() if key[0] == circle[0] and bases and bases[0][0] == circle[1]
        )
        problems.append(CIRCULAR_MODULES.at(declarations.place(first), " -> ".join(circle)))


def _forget_order(names: Iterable[TypeName], problems: list[Problem]) -> None:
    """Of a circle's names it is no matter that some are declared later: no order would help."""
    places = {name.place for name in names}
    problems[:] = [each for each in problems if not (each.cause is DECLARED_LATER and each.place in places)]


def _base(element: Element | None) -> TypeName | None:
    return element.base if isinstance(element, Interface) else None


def _parts(element: Element | None) -> list[TypeName]:
    match element:
        case Struct(members=members):
            return [member.type for member in members]
        case Sequence(element=of):
            return [of]
        case Dictionary(value=value):
            return [value]
        case _:
            return []


def _full_names(keys: list[Key]) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for module, name in keys)


def _recursive(place: Place, names: tuple[str, ...]) -> Problem:
    *_, last, first = names
    return RECURSIVE_TYPE.at(place, first, " -> ".join(names), last)


def _circular(place: Place, names: tuple[str, ...]) -> Problem:
    return CIRCULAR_INHERITANCE.at(place, names[0], " -> ".join(names))

"""Declarations that are free of mistakes -> the model."""

from collections.abc import Iterable

from tcelib.tmake import model
from tcelib.tmake.declaration import Declarations, Key
from tcelib.tmake.numbering import Numbers
from tcelib.tmake.structure import Meaning
from tcelib.tmake.syntax import tree


def build(declarations: Declarations, meaning: Meaning, order: Iterable[Key], numbers: Numbers) -> model.Model:
    """The model. In ``order`` everything stands behind what it is made of."""
    builder = _Builder(meaning, numbers)
    for key in order:
        element = declarations.get(key)
        assert element is not None
        builder.add(key, element)
    return model.Model(
        tuple(
            model.Module(
                module, tuple(builder.element(module, name) for name in elements), declarations.openings[module]
            )
            for module, elements in declarations.modules.items()
        )
    )


class _Builder:
    def __init__(self, meaning: Meaning, numbers: Numbers) -> None:
        self._meaning = meaning
        self._numbers = numbers
        self._types: dict[Key, model.Struct | model.Sequence | model.Dictionary] = {}
        self._interfaces: dict[Key, model.Interface] = {}

    def element(self, module: str, name: str) -> model.Element:
        key = module, name
        return self._types[key] if key in self._types else self._interfaces[key]

    def add(self, key: Key, element: tree.Element) -> None:
        place = element.name.place
        match element:
            case tree.Struct(members=members):
                self._types[key] = model.Struct(*key, place, self._variables(members))
            case tree.Sequence(element=of):
                self._types[key] = model.Sequence(*key, place, self._type(of))
            case tree.Dictionary(key=of_key, value=value):
                self._types[key] = model.Dictionary(*key, place, self._builtin(of_key), self._type(value))
            case tree.Interface():
                self._interfaces[key] = self._interface(key, element)

    def _type(self, name: tree.TypeName) -> model.Type:
        target = self._meaning[name]
        return target if isinstance(target, model.Builtin) else self._types[target]

    def _builtin(self, name: tree.TypeName) -> model.Builtin:
        target = self._meaning[name]
        assert isinstance(target, model.Builtin)
        return target

    def _variables(self, variables: Iterable[tree.Variable]) -> tuple[model.Variable, ...]:
        return tuple(model.Variable(variable.name.text, self._type(variable.type)) for variable in variables)

    def _interface(self, key: Key, interface: tree.Interface) -> model.Interface:
        numbered = self._numbers.interfaces[key]
        base = None if interface.base is None else self._meaning[interface.base]
        assert not isinstance(base, model.Builtin)
        return model.Interface(
            *key,
            interface.name.place,
            index=numbered.index,
            base=None if base is None else self._interfaces[base],
            operations=tuple(self._operation(key, operation) for operation in interface.operations),
            comment=numbered.annotations.comment,
            is_exposed=numbered.is_exposed,
            without_servant=numbered.annotations.without_servant,
        )

    def _operation(self, key: Key, operation: tree.Operation) -> model.Operation:
        numbered = self._numbers.operations[key, operation.name.text]
        return model.Operation(
            operation.name.text,
            numbered.index,
            None if operation.result not in self._meaning else self._type(operation.result),
            self._variables(operation.params),
            numbered.annotations.comment,
            operation.name.place,
        )

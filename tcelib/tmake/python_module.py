"""Names in one generated Python module: its own, those of its siblings, and those that it needs beside the IDL.

Names depend on the module alone, so that a sibling is spoken to in its own words without being generated first.
"""

from collections.abc import Mapping
from itertools import groupby

from tcelib.tmake.model import Builtin, Declared, Dictionary, Interface, Module, Operation, Struct, Type
from tcelib.tmake.model import Sequence as SequenceType
from tcelib.tmake.python_name import (
    BUILTIN_NAMES,
    IMPORTED,
    LOCALS,
    Names,
    class_name,
    file_name,
    parameter_names,
    proxy_name,
)

TYPES = {
    Builtin.BYTE: "int",
    Builtin.BOOL: "bool",
    Builtin.SHORT: "int",
    Builtin.INT: "int",
    Builtin.LONG: "int",
    Builtin.FLOAT: "float",
    Builtin.DOUBLE: "float",
    Builtin.STRING: "str",
}
DEFAULTS = {"int": "0", "bool": "False", "float": "0.0", "str": '""'}
MAX_FORMAT_NAME = 24


class PrivateNames:
    """The names that a module's generated code has beside the IDL's, by what they are for."""

    def __init__(self, module: Module) -> None:
        classes = {class_name(element) for element in module.elements}
        self.public = frozenset({*classes, *map(proxy_name, module.interfaces()), *IMPORTED})
        self._names = Names(self.public | _words(module))
        self.readers = {type_: self.take("read", type_.name) for type_ in module.types()}
        self.writers = {type_: self.take("write", type_.name) for type_ in module.types()}
        self.interfaces = {interface: self.take(interface.name, "interface") for interface in module.interfaces()}
        self.operations = {
            (interface.name, operation.name): self.take(interface.name, operation.name)
            for interface in module.interfaces()
            for operation in interface.operations
        }

    def take(self, *words: str) -> str:
        """A free name from ``words``. It begins with one ``_``: two would be mangled in a class."""
        return self._names.take("_" + "_".join(words).lstrip("_"))

    def all(self) -> frozenset[str]:
        return self._names.taken()


def _words(module: Module) -> frozenset[str]:
    """Return the IDL's names of all local variables and attributes."""
    variables = [
        *(member.name for type_ in module.types() if isinstance(type_, Struct) for member in type_.members),
        *(param.name for interface in module.interfaces() for each in interface.operations for param in each.params),
    ]
    return frozenset(variables)


class PythonModule:
    """The vocabulary of the module that is being generated. What it is asked for and must define is collected.

    ``formats`` are the names of ``struct.Struct`` constants by their codes, ``aliases`` second names of types by the
    first, for classes that have a method called like a type.
    """

    def __init__(self, module: Module, modules: Mapping[str, Module]) -> None:
        self.module = module
        self.formats: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self._names = {name: PrivateNames(modules[name]) for name in (module.name, *module.imports())}
        self.own = self._names[module.name]
        names = Names(self.own.all() | BUILTIN_NAMES | LOCALS)
        self.siblings = {name: names.take(file_name(name)) for name in module.imports()}

    @property
    def taken(self) -> frozenset[str]:
        """Return the names that a local variable must not have."""
        return self.own.all() | BUILTIN_NAMES | frozenset(self.siblings.values())

    def format(self, codes: str) -> str:
        if codes not in self.formats:
            short = "".join(_counted(code, len(list(same))) for code, same in groupby(codes))
            self.formats[codes] = self.own.take("format", short if len(short) <= MAX_FORMAT_NAME else "long")
        return self.formats[codes]

    def class_of(self, element: Declared) -> str:
        return self._of(element, class_name(element))

    def constructor_of(self, struct: Struct, hidden: frozenset[str] = frozenset()) -> str:
        """Return the constructor of a struct in a function, where ``hidden`` names mean something else."""
        return self.spelled(self.class_of(struct), hidden | LOCALS)

    def proxy_of(self, interface: Interface) -> str:
        return self._of(interface, proxy_name(interface))

    def reader_of(self, type_: Struct | SequenceType | Dictionary) -> str:
        return self._of(type_, self._names[type_.module].readers[type_])

    def writer_of(self, type_: Struct | SequenceType | Dictionary) -> str:
        return self._of(type_, self._names[type_.module].writers[type_])

    def interface_of(self, interface: Interface) -> str:
        return self._of(interface, self._names[interface.module].interfaces[interface])

    def operation_of(self, interface: Interface, operation: Operation) -> str:
        return self.own.operations[interface.name, operation.name]

    def _of(self, element: Declared, name: str) -> str:
        return name if element.module == self.module.name else f"{self.siblings[element.module]}.{name}"

    def annotation(self, type_: Type | None, hidden: frozenset[str] = frozenset()) -> str:
        """The type as an annotation where the names ``hidden`` mean something else."""
        if type_ is None:
            return "None"
        return self.spelled(TYPES[type_] if isinstance(type_, Builtin) else self.class_of(type_), hidden)

    def parameters(self, operation: Operation, hidden: frozenset[str]) -> list[str]:
        """The operation's own parameters, annotated."""
        named = zip(parameter_names(operation), operation.params, strict=True)
        return [f"{name}: {self.annotation(param.type, hidden)}" for name, param in named]

    def spelled(self, name: str, hidden: frozenset[str]) -> str:
        """``name``, or an alias where it is hidden."""
        first, dot, rest = name.partition(".")
        if first not in hidden:
            return name
        if first not in self.aliases:
            self.aliases[first] = self.own.take(first)
        return f"{self.aliases[first]}{dot}{rest}"

    def default(self, type_: Type | None, hidden: frozenset[str] = frozenset()) -> str:
        """The expression of the value that a type begins with, where ``hidden`` names mean something else."""
        match type_:
            case None:
                return "None"
            case Builtin():
                return DEFAULTS[TYPES[type_]]
            case Struct():
                return f"{self.constructor_of(type_, hidden)}()"
            case SequenceType():
                return 'b""' if type_.is_bytes else "[]"
            case Dictionary():
                return "{}"


def _counted(code: str, count: int) -> str:
    letter = "o" if code == "?" else code
    return letter if count == 1 else f"{count}{letter}"

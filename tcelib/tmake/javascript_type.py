"""Types of the IDL in JavaScript: as types of TypeScript, as codecs of the runtime, as default values."""

from functools import cache

from tcelib.tmake.javascript_name import exported_names, module_alias
from tcelib.tmake.model import Builtin, Declared, Dictionary, Module, Sequence, Struct, Type

# How it is read, how it may be written, its default value, the bytes of every value (of a string: the fewest).
_BUILTINS = {
    Builtin.BYTE: ("number", "number", "0", 1),
    Builtin.BOOL: ("boolean", "boolean", "false", 1),
    Builtin.SHORT: ("number", "number", "0", 2),
    Builtin.INT: ("number", "number", "0", 4),
    Builtin.LONG: ("bigint", "bigint | number", "0n", 8),
    Builtin.FLOAT: ("number", "number", "0", 4),
    Builtin.DOUBLE: ("number", "number", "0", 8),
    Builtin.STRING: ("string", "string", '""', 4),
}
_COUNT_BYTES = 4


class TypeWriter:
    """Writes types as they stand in the generated code of one module."""

    def __init__(self, module: Module, others: dict[str, Module], cyclic: frozenset[str]) -> None:
        """``others``: all modules by name. ``cyclic``: those that need this one, and may be loaded after it."""
        self._module = module
        self._others = others
        self._cyclic = cyclic

    def name(self, key: str, module: str) -> str:
        """An exported name of any module, ``key`` as in ``exported_names``."""
        names = exported_names(self._others[module])
        return names[key] if module == self._module.name else f"{module_alias(module)}.{names[key]}"

    def read(self, type_: Type | None) -> str:
        """The TypeScript type of a value that was read. ``None`` is the result of a void operation."""
        match type_:
            case None:
                return "void"
            case Builtin():
                return _BUILTINS[type_][0]
            case Struct():
                return self.name(type_.name, type_.module)
            case Sequence(element=element):
                return "Uint8Array" if type_.is_bytes else f"{self.read(element)}[]"
            case Dictionary(key=key, value=value):
                return f"Map<{self.read(key)}, {self.read(value)}>"

    def written(self, type_: Type) -> str:
        """The TypeScript type of what may be given to be written: more than is ever read."""
        match type_:
            case Builtin():
                return _BUILTINS[type_][1]
            case Struct():
                return self.read(type_)
            case Sequence(element=element):
                return "Uint8Array | ArrayBuffer | number[]" if type_.is_bytes else _array_of(self.written(element))
            case Dictionary(key=key, value=value):
                return f"tce.Entries<{self.written(key)}, {self.written(value)}>"

    def codec(self, type_: Type | None) -> str:
        """The object that reads and writes it, to be used when the module is loaded."""
        if type_ is None:
            return "tce.nothing"
        if isinstance(type_, Builtin):
            return f"tce.{type_}"
        name = self.name(type_.name, type_.module)
        return f"tce.later({fewest_bytes(type_)}, () => {name})" if type_.module in self._cyclic else name

    def used_codec(self, type_: Type) -> str:
        """The same inside of functions, when all modules are loaded."""
        return f"tce.{type_}" if isinstance(type_, Builtin) else self.name(type_.name, type_.module)

    def definition(self, type_: Sequence | Dictionary) -> str:
        """The codec of a sequence or dictionary, made of those of its parts."""
        match type_:
            case Sequence(element=element):
                return "tce.bytes" if type_.is_bytes else f"tce.sequence({self.codec(element)})"
            case Dictionary(key=key, value=value):
                return f"tce.dictionary({self.codec(key)}, {self.codec(value)})"

    def default(self, type_: Type) -> str:
        """An expression that makes a new default value."""
        match type_:
            case Builtin():
                return _BUILTINS[type_][2]
            case Struct():
                return f"new {self.read(type_)}()"
            case Sequence():
                return "new Uint8Array()" if type_.is_bytes else "[]"
            case Dictionary():
                return "new Map()"


def _array_of(element: str) -> str:
    return f"({element})[]" if "|" in element else f"{element}[]"


@cache
def fewest_bytes(type_: Type) -> int:
    """The least that a value takes on the wire."""
    match type_:
        case Builtin():
            return _BUILTINS[type_][3]
        case Struct(members=members):
            return sum(fewest_bytes(member.type) for member in members)
        case _:
            return _COUNT_BYTES


def types_in_order(module: Module) -> list[Struct | Sequence | Dictionary]:
    """The types of a module, each after those that it is made of; otherwise as they were declared."""
    ordered: dict[Struct | Sequence | Dictionary, None] = {}

    def add(type_: Type) -> None:
        if isinstance(type_, Declared) and type_.module == module.name and type_ not in ordered:
            for part in _parts(type_):
                add(part)
            ordered[type_] = None

    for type_ in module.types():
        add(type_)
    return list(ordered)


def _parts(type_: Struct | Sequence | Dictionary) -> tuple[Type, ...]:
    match type_:
        case Struct(members=members):
            return tuple(member.type for member in members)
        case Sequence(element=element):
            return (element,)
        case Dictionary(key=key, value=value):
            return (key, value)

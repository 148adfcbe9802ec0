"""Generated Python for types: classes of structs, aliases of sequences and dictionaries, their readers and writers.

A struct's reader is handed ``data`` and where the value begins, and gives the value and where it ends. That of a
sequence or dictionary is handed the count, too, which was read with what stands before it.
"""

from tcelib.tmake.model import Builtin, Dictionary, Struct, Type
from tcelib.tmake.model import Sequence as SequenceType
from tcelib.tmake.python_description import origin
from tcelib.tmake.python_module import PythonModule
from tcelib.tmake.python_name import member_names
from tcelib.tmake.python_reader import Position, Reader
from tcelib.tmake.python_text import docstring, expressed, indented, is_short, listed
from tcelib.tmake.python_wire import fixed_codes, least_size, size_of
from tcelib.tmake.python_writer import Writer, returned

PARAMETERS = "data: bytes, at: int"


class PythonTypes:
    """Blocks of lines for each type of a module."""

    def __init__(self, module: PythonModule) -> None:
        self._module = module

    def blocks(self, type_: Struct | SequenceType | Dictionary) -> list[list[str]]:
        match type_:
            case Struct():
                return [self._class(type_), self._struct_writer(type_), self._struct_reader(type_)]
            case SequenceType(is_bytes=True):
                return [self._alias(type_, "bytes")]
            case SequenceType():
                return [self._alias(type_, f"list[{self._module.annotation(type_.element)}]"), *self._sequence(type_)]
            case Dictionary():
                inside = ", ".join(self._module.annotation(part) for part in (type_.key, type_.value))
                return [self._alias(type_, f"dict[{inside}]"), *self._dictionary(type_)]

    def _alias(self, type_: SequenceType | Dictionary, text: str) -> list[str]:
        # A sibling that needs this module itself may not be there yet.
        quoted = f'"{text}"' if any(f"{name}." in text for name in self._module.siblings.values()) else text
        kind = "sequence" if isinstance(type_, SequenceType) else "dictionary"
        return [
            f"{self._module.class_of(type_)}: TypeAlias = {quoted}",
            *docstring(f"{kind} {type_.full_name} ({origin(type_.place)}).", depth=0),
        ]

    def _class(self, struct: Struct) -> list[str]:
        names = member_names(struct)
        fields = list(zip(names, struct.members, strict=True))
        parameters = [self._parameter(name, member.type) for name, member in fields]
        quoted = [f'"{name}"' for name in names]
        slots = [f"__slots__ = ({quoted[0]},)"] if len(quoted) == 1 else listed("__slots__ = (", quoted, ")", depth=1)
        return [
            f"class {self._module.class_of(struct)}(tce.Struct):",
            *indented(docstring(f"struct {struct.full_name} ({origin(struct.place)}).")),
            "",
            *indented(slots),
            "",
            *indented(listed("def __init__(", ["self", *parameters], ") -> None:", depth=1)),
            *indented(indented(self._initial(name, member.type, frozenset(names)) for name, member in fields)),
        ]

    def _parameter(self, name: str, type_: Type) -> str:
        annotation = self._module.annotation(type_)
        default = self._module.default(type_)
        return f"{name}: {annotation} = {default}" if _is_plain(type_) else f"{name}: {annotation} | None = None"

    def _initial(self, name: str, type_: Type, hidden: frozenset[str]) -> str:
        default = self._module.default(type_, hidden)
        value = name if _is_plain(type_) else f"{default} if {name} is None else {name}"
        return f"self.{name} = {value}"

    def _struct_writer(self, struct: Struct) -> list[str]:
        writer = Writer(self._module)
        names = member_names(struct)
        pieces = writer.write(
            (name, f"value.{name}", member.type) for name, member in zip(names, struct.members, strict=True)
        )
        head = f"def {self._module.writer_of(struct)}(value: {self._module.class_of(struct)}) -> bytes:"
        return [head, *indented([*writer.lines, *returned(pieces)])]

    def _struct_reader(self, struct: Struct) -> list[str]:
        reader = Reader(self._module, Position("at"))
        names = member_names(struct)
        values = reader.read((name, member.type) for name, member in zip(names, struct.members, strict=True))
        head = f"def {self._module.reader_of(struct)}({PARAMETERS}) -> tuple[{self._module.class_of(struct)}, int]:"
        make, behind = self._module.constructor_of(struct), f"), {reader.position}"
        made = listed(f"return {make}(", values, behind, depth=1)
        if len(made) > 1:
            made = [*listed(f"value = {make}(", values, ")", depth=1), f"return value, {reader.position}"]
        return [head, *indented([*reader.lines, *made])]

    def _sequence(self, type_: SequenceType) -> list[list[str]]:
        codes = fixed_codes(type_.element)
        if codes is not None and isinstance(type_.element, Builtin):
            written = [f'return struct.pack(f">{{len(values)}}{codes}", *values)']
            unpacked = f'list(struct.unpack_from(f">{{count}}{codes}", data, at))'
            return self._container(type_, written, self._read_at_once(codes, unpacked))
        written = self._written(["value"], [type_.element])
        if codes is not None:
            run, made = Reader(self._module, Position("at")).names_of([("value", type_.element)])
            unpacked = f"{self._module.format(codes)}.iter_unpack(data[at:end])"
            read = self._read_at_once(codes, f"[{made[0]} for {_target(run.items)} in {unpacked}]")
            if is_short(read[-1], depth=1):
                return self._container(type_, written, read)
        return self._container(type_, written, self._read_one_by_one(type_))

    def _dictionary(self, type_: Dictionary) -> list[list[str]]:
        written = self._written(["key", "value"], [type_.key, type_.value])
        key_codes, value_codes = fixed_codes(type_.key), fixed_codes(type_.value)
        if key_codes is not None and value_codes is not None:
            fields = [("key", type_.key), ("value", type_.value)]
            run, (key, value) = Reader(self._module, Position("at")).names_of(fields)
            unpacked = f"{self._module.format(run.codes)}.iter_unpack(data[at:end])"
            as_they_are = run.items == [key, value]
            made = f"{{{key}: {value} for {_target(run.items)} in {unpacked}}}"
            read = self._read_at_once(run.codes, f"dict({unpacked})" if as_they_are else made)
            if is_short(read[-1], depth=1):
                return self._container(type_, written, read)
        return self._container(type_, written, self._read_one_by_one(type_))

    def _container(self, type_: SequenceType | Dictionary, written: list[str], read: list[str]) -> list[list[str]]:
        name = self._module.class_of(type_)
        writer, reader = self._module.writer_of(type_), self._module.reader_of(type_)
        return [
            [f"def {writer}(values: {name}) -> bytes:", *indented(written)],
            [f"def {reader}({PARAMETERS}, count: int) -> tuple[{name}, int]:", *indented(read)],
        ]

    def _written(self, names: list[str], types: list[Type]) -> list[str]:
        """All values, each by one packing if that is all it takes."""
        writer = Writer(self._module)
        pieces = writer.write(zip(names, names, types, strict=True))
        target, values = ", ".join(names), "values" if len(names) == 1 else "values.items()"
        line = f'return b"".join([{pieces[0]} for {target} in {values}])'
        if len(pieces) == 1 and not writer.lines and is_short(line, depth=1):
            return [line]
        kept = ("parts += (", ")") if len(pieces) > 1 else ("parts.append(", ")")
        added = listed(kept[0], pieces, kept[1], depth=2)
        return [
            "parts: list[bytes] = []",
            f"for {target} in {values}:",
            *indented([*writer.lines, *added]),
            'return b"".join(parts)',
        ]

    def _read_at_once(self, codes: str, made: str) -> list[str]:
        size = f"{size_of(codes)} * count" if size_of(codes) > 1 else "count"
        return [
            f"end = at + {size}",
            "if len(data) < end:",
            *indented([f"raise tce.truncated(data, at, {size})"]),
            f"return {made}, end",
        ]

    def _read_one_by_one(self, type_: SequenceType | Dictionary) -> list[str]:
        least = sum(least_size(part) for part in _parts(type_))
        reader = Reader(self._module, Position("at"), depth=2)
        if isinstance(type_, SequenceType):
            empty, (value,) = "[]", reader.read([("value", type_.element)])
            kept = listed("values.append(", [value], ")", depth=2)
        else:
            empty, (key, value) = "{}", reader.read([("key", type_.key), ("value", type_.value)])
            kept = expressed(f"values[{key}] = ", value, "", depth=2)
        reader.settle()
        return [
            f"if len(data) < at + {least} * count:",
            *indented([f"raise tce.truncated(data, at, {least} * count)"]),
            f"values: {self._module.class_of(type_)} = {empty}",
            "for _ in range(count):",
            *indented([*reader.lines, *kept]),
            "return values, at",
        ]


def _is_plain(type_: Type) -> bool:
    """Return true if its values cannot be changed, so that one may be the default of all."""
    return isinstance(type_, Builtin) or (isinstance(type_, SequenceType) and type_.is_bytes)


def _parts(type_: SequenceType | Dictionary) -> list[Type]:
    return [type_.element] if isinstance(type_, SequenceType) else [type_.key, type_.value]


def _target(names: list[str]) -> str:
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names)

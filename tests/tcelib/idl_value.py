"""The IDL's types as data, and operations made of them: what generated code does, in the slow and obvious way.

A type is a name of a scalar, ``("sequence", item)``, ``("dictionary", key, value)`` or ``("struct", ((field, type),
...))``; ``sequence<byte>`` is ``"bytes"``. Structs are dictionaries here.
"""

import struct
from typing import Any

import tcelib as tce

CODES = {"byte": "B", "bool": "?", "short": "h", "int": "i", "long": "q", "float": "f", "double": "d"}
STRING_MAP = ("dictionary", "string", "string")
POINT = ("struct", (("x", "int"), ("y", "int")))
ALL = (
    "struct",
    (
        ("b", "byte"),
        ("f", "bool"),
        ("s", "short"),
        ("i", "int"),
        ("l", "long"),
        ("g", "float"),
        ("dbl", "double"),
        ("t", "string"),
    ),
)
PERSON = (
    "struct",
    (
        ("name", "string"),
        ("home", POINT),
        ("tags", ("sequence", "string")),
        ("props", STRING_MAP),
        ("photo", "bytes"),
    ),
)
NAMED = {
    "Bytes_t": "bytes",
    "BoolList_t": ("sequence", "bool"),
    "ShortList_t": ("sequence", "short"),
    "IntList_t": ("sequence", "int"),
    "LongList_t": ("sequence", "long"),
    "FloatList_t": ("sequence", "float"),
    "DoubleList_t": ("sequence", "double"),
    "StrList_t": ("sequence", "string"),
    "IntListList_t": ("sequence", ("sequence", "int")),
    "BytesList_t": ("sequence", "bytes"),
    "StrStr_t": STRING_MAP,
    "IntStr_t": ("dictionary", "int", "string"),
    "StrInt_t": ("dictionary", "string", "int"),
    "StrBytes_t": ("dictionary", "string", "bytes"),
    "StrIntList_t": ("dictionary", "string", ("sequence", "int")),
    "Point": POINT,
    "All": ALL,
    "Person": PERSON,
    "PersonList_t": ("sequence", PERSON),
    "PointList_t": ("sequence", POINT),
    "StrPoint_t": ("dictionary", "string", POINT),
    "StrStrList_t": ("sequence", STRING_MAP),
}


def named(name: str) -> Any:
    """The type that the vectors' IDL calls ``name``."""
    return NAMED.get(name, name)


def write(kind: Any, value: Any) -> bytes:
    """The bytes of a value."""
    if kind in CODES:
        return struct.pack(f">{CODES[kind]}", value)
    if kind in ("string", "bytes"):
        raw = tce.encode_text(value) if kind == "string" else tce.encode_bytes(value)
        return struct.pack(">I", len(raw)) + raw
    if kind[0] == "struct":
        return b"".join(write(item, value[name]) for name, item in kind[1])
    if kind[0] == "sequence":
        return struct.pack(">I", tce.count_of(value)) + b"".join(write(kind[1], item) for item in value)
    pairs = b"".join(write(kind[1], key) + write(kind[2], item) for key, item in value.items())
    return struct.pack(">I", len(value)) + pairs


def read(kind: Any, data: bytes, at: int) -> tuple[Any, int]:
    """A value and the position behind it. Raises ``DecodeError``."""
    if kind in CODES:
        size = struct.calcsize(f">{CODES[kind]}")
        return struct.unpack(f">{CODES[kind]}", _cut(data, at, size))[0], at + size
    if kind[0] == "struct":
        value = {}
        for name, item in kind[1]:
            value[name], at = read(item, data, at)
        return value, at
    (count,) = struct.unpack(">I", _cut(data, at, 4))
    at += 4
    if kind in ("string", "bytes"):
        raw = _cut(data, at, count)
        return (tce.decode_text(raw) if kind == "string" else raw), at + count
    if count * sum(map(least, kind[1:])) > len(data) - at:
        raise tce.truncated(data, at, count)
    if kind[0] == "sequence":
        items = []
        for _ in range(count):
            item, at = read(kind[1], data, at)
            items.append(item)
        return items, at
    pairs = {}
    for _ in range(count):
        key, at = read(kind[1], data, at)
        pairs[key], at = read(kind[2], data, at)
    return pairs, at


def least(kind: Any) -> int:
    """Return the least number of bytes that a value takes."""
    if kind in CODES:
        return struct.calcsize(f">{CODES[kind]}")
    return sum(least(item) for _, item in kind[1]) if kind[0] == "struct" else 4


def plain(kind: Any, value: Any) -> Any:
    """A value of the vector file, where JSON has no words for it: bytes, and keys that are numbers."""
    if kind == "bytes":
        return bytes.fromhex(value["bytes"])
    if isinstance(kind, str):
        return value
    if kind[0] == "struct":
        return {name: plain(item, value[name]) for name, item in kind[1]}
    if kind[0] == "sequence":
        return [plain(kind[1], item) for item in value]
    key = int if kind[1] in ("byte", "short", "int", "long") else str
    return {key(name): plain(kind[2], item) for name, item in value.items()}


def write_all(kinds: tuple[Any, ...], values: tuple[Any, ...]) -> bytes:
    """A parameter stream."""
    return b"".join(map(write, kinds, values))


def read_all(kinds: tuple[Any, ...], data: bytes) -> tuple[Any, ...]:
    """The values of a parameter stream, which must be used up."""
    values, at = [], 0
    for kind in kinds:
        value, at = read(kind, data, at)
        values.append(value)
    if at != len(data):
        raise tce.left_over(data, at)
    return tuple(values)


def make_operation(
    name: str, ifidx: int, opidx: int, params: tuple[Any, ...], result: Any = None
) -> tce.Operation[Any]:
    """An operation of an interface ``test.I<ifidx>``; ``result`` None is void."""
    return tce.Operation(
        f"test.I{ifidx}",
        name,
        ifidx=ifidx,
        opidx=opidx,
        is_void=result is None,
        write_params=lambda *args: write_all(params, args),
        read_params=lambda data: read_all(params, data),
        write_result=tce.write_void if result is None else lambda value: write(result, value),
        read_result=tce.read_void if result is None else lambda data: read_all((result,), data)[0],
    )


def _cut(data: bytes, at: int, size: int) -> bytes:
    if len(data) - at < size:
        raise tce.truncated(data, at, size)
    return data[at : at + size]

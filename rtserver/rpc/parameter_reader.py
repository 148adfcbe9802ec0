"""Readers: the bytes of a result to a value of JSON, by the types of an IDL (TCE protocol, section 3).

A reader is made once for each type. It takes bytes and where the value begins, and returns the value and where it
ends. Bounds are checked before anything is sliced or made; raises ``DecodeError``.
"""

import binascii
from collections.abc import Callable
from functools import cache
from struct import Struct
from typing import Any

from rtserver.rpc.number_rule import safe
from tcelib.tmake.model import Builtin, Dictionary, Type
from tcelib.tmake.model import Sequence as SequenceType
from tcelib.tmake.model import Struct as StructType
from tcelib.tmake.python_wire import CODES, SIZES, least_size
from tcelib.wire.codec import left_over, truncated
from tcelib.wire.text import decode_text

Read = Callable[[bytes, int], tuple[Any, int]]
COUNT_BYTES = 4
_unpack_count = Struct(">I").unpack_from


def read_whole(data: bytes, read: Read) -> Any:
    """Return the one value in ``data``. Raises ``DecodeError`` also for bytes behind it."""
    value, end = read(data, 0)
    if end != len(data):
        raise left_over(data, end)
    return value


@cache
def reader_of(type_: Type) -> Read:
    """Return the reader of a type."""
    match type_:
        case Builtin.STRING:
            return _read_text
        case Builtin():
            return _number_reader(type_)
        case StructType(members=members):
            return _struct_reader([(member.name, reader_of(member.type)) for member in members])
        case SequenceType(is_bytes=True):
            return _read_base64
        case SequenceType(element=element):
            return _sequence_reader(element)
        case Dictionary(key=key, value=value):
            return _dictionary_reader(key, value)


def _read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    count, begin = _count(data, at, 1)
    return data[begin : begin + count], begin + count


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    raw, end = _read_bytes(data, at)
    return decode_text(raw), end


def _read_base64(data: bytes, at: int) -> tuple[str, int]:
    raw, end = _read_bytes(data, at)
    return binascii.b2a_base64(raw, newline=False).decode(), end


def _number_reader(type_: Builtin) -> Read:
    code = CODES[type_]
    unpack, size = Struct(f">{code}").unpack_from, SIZES[code]
    is_long = type_ is Builtin.LONG

    def read(data: bytes, at: int) -> tuple[Any, int]:
        if len(data) < at + size:
            raise truncated(data, at, size)
        (value,) = unpack(data, at)
        return safe(value) if is_long else value, at + size

    return read


def _struct_reader(fields: list[tuple[str, Read]]) -> Read:
    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        value = {}
        for name, read_field in fields:
            value[name], at = read_field(data, at)
        return value, at

    return read


def _sequence_reader(element: Type) -> Read:
    read_element, least = reader_of(element), least_size(element)

    def read(data: bytes, at: int) -> tuple[list[Any], int]:
        count, at = _count(data, at, least)
        values = []
        for _ in range(count):
            value, at = read_element(data, at)
            values.append(value)
        return values, at

    return read


def _dictionary_reader(key: Builtin, element: Type) -> Read:
    read_key, read_element = reader_of(key), reader_of(element)
    least, name_of = least_size(key) + least_size(element), _bool_name if key is Builtin.BOOL else str

    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        count, at = _count(data, at, least)
        values = {}
        for _ in range(count):
            name, at = read_key(data, at)
            values[name_of(name)], at = read_element(data, at)
        return values, at

    return read


def _bool_name(value: object) -> str:
    return "true" if value else "false"


def _count(data: bytes, at: int, least: int) -> tuple[int, int]:
    """Return a count and where its elements begin, each of which has ``least`` bytes."""
    begin = at + COUNT_BYTES
    if len(data) < begin:
        raise truncated(data, at, COUNT_BYTES)
    (count,) = _unpack_count(data, at)
    if len(data) < begin + least * count:
        raise truncated(data, begin, least * count)
    return count, begin

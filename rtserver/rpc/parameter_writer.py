"""Writers: values of JSON to the bytes of parameters, by the types of an IDL (TCE protocol, section 3).

A writer is made once for each type. It takes a value as JSON was decoded, and appends bytes; it raises ``Misfit`` for
a value that does not fit. Nothing is guessed: a field that is missing or unknown is refused.
"""

import binascii
from collections.abc import Callable, Sequence
from functools import cache
from struct import Struct
from typing import Any

from rtserver.rpc.misfit import Misfit, shown
from rtserver.rpc.number_rule import WHOLE, exact_float, floating_number, whole_number, whole_number_of
from tcelib.tmake.model import Builtin, Dictionary, Type, Variable
from tcelib.tmake.model import Sequence as SequenceType
from tcelib.tmake.model import Struct as StructType
from tcelib.tmake.python_wire import CODES
from tcelib.wire.text import encode_text

Write = Callable[[Any, list[bytes]], None]
_pack_count = Struct(">I").pack


@cache
def writer_of(type_: Type) -> Write:
    """Return the writer of a type."""
    match type_:
        case Builtin():
            return _NO_NUMBERS.get(type_) or _number_writer(type_)
        case StructType(members=members):
            return fields_writer(members)
        case SequenceType(is_bytes=True):
            return _write_bytes
        case SequenceType(element=element):
            return _sequence_writer(element)
        case Dictionary(key=key, value=value):
            return _dictionary_writer(key, value)


def fields_writer(fields: Sequence[Variable]) -> Write:
    """Return the writer of an object with these fields: a struct, or the parameters of an operation."""
    rows = [(field.name, writer_of(field.type)) for field in fields]
    known = frozenset(name for name, _ in rows)

    def write(value: object, out: list[bytes]) -> None:
        if type(value) is not dict:
            raise Misfit("must be an object")
        for name, write_field in rows:
            if name not in value:
                raise Misfit("is missing", f".{name}")
            try:
                write_field(value[name], out)
            except Misfit as misfit:
                misfit.within(f".{name}")
        if len(value) != len(rows):
            raise Misfit(f"has no field {shown(next(name for name in value if name not in known))}")

    return write


def _write_text(value: object, out: list[bytes]) -> None:
    if type(value) is not str:
        raise Misfit("must be a text")
    try:
        raw = encode_text(value)
    except ValueError:
        raise Misfit("has half of a surrogate pair") from None
    out.append(_pack_count(len(raw)) + raw)


def _write_bool(value: object, out: list[bytes]) -> None:
    if type(value) is not bool:
        raise Misfit("must be true or false")
    out.append(b"\1" if value else b"\0")


def _write_bytes(value: object, out: list[bytes]) -> None:
    try:
        raw = binascii.a2b_base64(value.encode(), strict_mode=True) if type(value) is str else None
    except ValueError:  # binascii's own error, and UTF-8's
        raw = None
    if raw is None:
        raise Misfit("must be bytes as a text in base64")
    out.append(_pack_count(len(raw)) + raw)


_NO_NUMBERS: dict[Builtin, Write] = {Builtin.STRING: _write_text, Builtin.BOOL: _write_bool}


def _number_writer(type_: Builtin) -> Write:
    pack = Struct(f">{CODES[type_]}").pack
    check = whole_number(type_) if type_ in WHOLE else floating_number(type_)

    def write(value: object, out: list[bytes]) -> None:
        out.append(pack(check(value)))

    return write


def _sequence_writer(element: Type) -> Write:
    write_element = writer_of(element)

    def write(value: object, out: list[bytes]) -> None:
        if type(value) is not list:
            raise Misfit("must be an array")
        out.append(_pack_count(len(value)))
        for at, each in enumerate(value):
            try:
                write_element(each, out)
            except Misfit as misfit:
                misfit.within(f"[{at}]")

    return write


def _dictionary_writer(key: Builtin, element: Type) -> Write:
    read_key, write_key, write_element = _key_reader(key), writer_of(key), writer_of(element)

    def write(value: object, out: list[bytes]) -> None:
        if type(value) is not dict:
            raise Misfit("must be an object")
        out.append(_pack_count(len(value)))
        seen = set()
        for name, each in value.items():
            try:
                known = read_key(name)
                if known in seen:
                    raise Misfit("is a key twice")
                seen.add(known)
                write_key(known, out)
                write_element(each, out)
            except Misfit as misfit:
                misfit.within(f"[{shown(name)}]")

    return write


def _key_reader(key: Builtin) -> Callable[[str], Any]:
    """Return the function from a name in an object, which is always a text, to a value of the key's type."""
    if key is Builtin.STRING:
        return str
    if key is Builtin.BOOL:
        return _bool_of
    if key is Builtin.LONG:
        return lambda name: str(whole_number_of(name, key))  # which its writer takes, whatever its size
    if key in WHOLE:
        return lambda name: whole_number_of(name, key)
    return _float_of


def _bool_of(name: str) -> bool:
    if name not in ("true", "false"):
        raise Misfit("must be true or false")
    return name == "true"


def _float_of(name: str) -> float:
    try:
        if name.isascii() and "_" not in name and name == name.strip():
            number = float(name)
            if number.is_integer() and name.lstrip("+-").isdigit():
                exact_float(int(name))
            return number
    except ValueError:
        pass
    raise Misfit("must be a number")

"""The vectors' parameter streams, decoded and encoded again by code that is generated from the vectors' IDL."""

import re
import struct
from typing import Any

import pytest

import tcelib as tce
from tests.tcelib import idl_value
from tests.tcelib.tmake.python_case import python_of
from tests.tcelib.vectors import IDL, POSITIVE, Vector

VALUED = [vector for vector in POSITIVE if vector.types is not None]
# An operation for each list of types, so that results and single parameters of every type are there, too.
TYPES = sorted({vector.types for vector in VALUED})
OPERATIONS = "".join(
    f"void made{number}({', '.join(f'{name} p{at}' for at, name in enumerate(types))});"
    for number, types in enumerate(TYPES)
)
VEC = python_of(f"{IDL.rstrip().removesuffix('}')} interface Made {{ {OPERATIONS} }}; }}", "vec")
OF_TYPES = dict(zip(TYPES, VEC.Made.INTERFACE.operations, strict=True))
RESULTS = {
    method.name: method
    for interface in (VEC.Prim.INTERFACE, VEC.Cont.INTERFACE)
    for method in interface.operations
    if method.name.startswith("echo_")
}


def plain(value: Any) -> Any:
    """Structs as dictionaries."""
    if isinstance(value, tce.Struct):
        return {name: plain(getattr(value, name)) for name in value.__slots__}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def by_name(vectors: list[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=[vector.name for vector in vectors])


def is_duplicated(vector: Vector) -> bool:
    return "re-appends" in vector.quirk


def stream_of(vector: Vector) -> bytes:
    (message,) = vector.messages
    return bytes.fromhex(message["paramstream_hex"])


@by_name([vector for vector in VALUED if vector.values is not None])
def test_a_stream_is_decoded_to_the_values(vector: Vector) -> None:
    kinds = tuple(map(idl_value.named, vector.types))
    values = OF_TYPES[vector.types].read_params(stream_of(vector))

    assert list(map(plain, values)) == list(map(idl_value.plain, kinds, vector.values))


@by_name([vector for vector in VALUED if not is_duplicated(vector)])
def test_a_stream_is_encoded_again(vector: Vector) -> None:
    operation = OF_TYPES[vector.types]
    values = operation.read_params(stream_of(vector))
    again = operation.write_params(*values)

    if is_rewritten(vector):
        assert operation.read_params(again) == values
    else:
        assert again == stream_of(vector)


@by_name([vector for vector in VALUED if is_duplicated(vector)])
def test_ints_that_were_written_twice_are_refused(vector: Vector) -> None:
    with pytest.raises((tce.DecodeError, struct.error)):
        OF_TYPES[vector.types].read_params(stream_of(vector))


def is_rewritten(vector: Vector) -> bool:
    """Tell if a vector's text comes back as standard UTF-8."""
    return "surrogate" in vector.quirk or "modified UTF-8" in vector.quirk


STREAMS = {
    name: [
        stream_of(vector)
        for vector in VALUED
        if re.search(rf"\.{name}\b", vector.name)
        and vector.types
        and not (is_duplicated(vector) or is_rewritten(vector))
    ]
    for name in RESULTS
}


@pytest.mark.parametrize("name", sorted(RESULTS.keys() - {"echo_floats"}))
def test_a_result_is_written_like_a_parameter(name: str) -> None:
    operation = RESULTS[name]

    assert STREAMS[name]
    for stream in STREAMS[name]:
        assert operation.write_result(operation.read_result(stream)) == stream
        assert operation.write_params(*operation.read_params(stream)) == stream


def test_the_indexes_are_those_of_the_vectors() -> None:
    routes = {vector.messages[0]["ifidx"] for vector in VALUED if vector.name.startswith("java.call.echo")}

    assert routes == {VEC.Prim.INTERFACE.ifidx, VEC.Cont.INTERFACE.ifidx}
    assert {operation.name: operation.opidx for operation in VEC.Prim.INTERFACE.operations}["add"] == 40

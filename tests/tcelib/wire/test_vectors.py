"""Packets of the original implementations, read and written again (TCE protocol, section 8)."""

import pytest

from tcelib.error import DecodeError
from tcelib.wire.message import RpcMessage
from tcelib.wire.packet import PacketReader, wrap
from tests.tcelib.idl_value import named, plain, read_all, write_all
from tests.tcelib.vectors import ODD, POSITIVE, REPRODUCED, VECTORS, Vector

MAX = 0x100000
FIELDS = ("sequence", "calltype", "ifidx", "opidx", "errcode", "paramsize", "call_id")


def by_name(vectors: list[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=[vector.name for vector in vectors])


def messages_of(vector: Vector) -> list[RpcMessage]:
    if not vector.has_envelope:
        return [RpcMessage.parse(vector.data)]
    packets = []
    reader = PacketReader(MAX, pytest.fail)
    for part in vector.frames or (vector.data,):
        reader.feed(part, packets)
    return [RpcMessage.of(packet) for packet in packets]


def test_all_vectors_are_here() -> None:
    assert len(VECTORS) == 214


@by_name(POSITIVE)
def test_a_vector_is_read_as_what_it_says(vector: Vector) -> None:
    messages = messages_of(vector)

    assert len(messages) == len(vector.messages)
    for message, said in zip(messages, vector.messages, strict=True):
        assert {field: getattr(message, field) for field in FIELDS} == {field: said[field] for field in FIELDS}
        assert message.paramstream.hex() == said["paramstream_hex"]


@by_name(REPRODUCED)
def test_a_vector_that_must_be_reproduced_is_written_again_byte_by_byte(vector: Vector) -> None:
    bodies = [message.pack() for message in messages_of(vector)]
    if not vector.has_envelope:
        assert bodies == [vector.data]
        return
    versions = [int(said["version"], 16) for said in vector.envelopes]
    packets = [wrap(body, version=version) for body, version in zip(bodies, versions, strict=True)]
    if vector.is_compressed:
        # Where zlib's level and the padding behind it differ among the originals, what they hold must be the same.
        again = []
        PacketReader(MAX, pytest.fail).feed(b"".join(packets), again)
        assert [RpcMessage.of(packet).pack() for packet in again] == bodies
    else:
        assert b"".join(packets) == vector.data


VALUED = [vector for vector in POSITIVE if vector.types is not None and vector.values is not None]


@by_name(VALUED)
def test_the_values_of_a_vector_are_read_from_its_parameters(vector: Vector) -> None:
    kinds = tuple(map(named, vector.types))
    (message,) = messages_of(vector)

    assert list(read_all(kinds, message.paramstream)) == list(map(plain, kinds, vector.values))


@by_name([vector for vector in VALUED if vector.must_reproduce])
def test_the_values_of_a_vector_are_written_as_its_parameters(vector: Vector) -> None:
    kinds = tuple(map(named, vector.types))
    (message,) = messages_of(vector)

    assert write_all(kinds, tuple(map(plain, kinds, vector.values))) == message.paramstream
    assert write_all(kinds, read_all(kinds, message.paramstream)) == message.paramstream


@pytest.mark.parametrize(
    ("name", "text"), [("js.call.echo_string(emoji)", "😀ok"), ("js.call.echo_string(nul)", "a\0b")]
)
def test_the_strings_of_tce_js_are_read_as_it_means_them(name: str, text: str) -> None:
    (message,) = messages_of(VECTORS[name])

    assert read_all(("string",), message.paramstream) == (text,)


DUPLICATED = [vector for vector in ODD if "bug" in vector.quirk and "re-appends" in vector.quirk]


@by_name(DUPLICATED)
def test_the_ints_that_old_python_wrote_twice_are_refused(vector: Vector) -> None:
    # Nobody can tell which of the bytes were meant (section 7, item 18).
    (message,) = messages_of(vector)
    with pytest.raises(DecodeError):
        read_all(tuple(map(named, vector.types)), message.paramstream)

"""Calls and answers as bytes: counted exactly, however they are cut, and wrong ones found."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.peers.call_wire import ICE, JSON, RING, TCE, TEXT, THRIFT, Talk, Wire
from rtserver.base.wire.frame import Opcode
from rtserver.base.wire.protocol import WebSocketProtocol
from rtserver.bench.client.error import TargetError
from tcelib.wire.packet import PacketReader

WIRES = {"TCE": TCE, "Thrift": THRIFT, "Ice": ICE, "JSON": JSON}
TALKERS = {name: wire.talker() for name, wire in WIRES.items()}
every_wire = pytest.mark.parametrize("name", WIRES)


def stream(wire: Wire, first: int, count: int) -> bytes:
    """Answers to the calls from number ``first`` on."""
    return b"".join(wire.answer((number - 1) % RING + 1) for number in range(first, first + count))


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % len(data) for place in cuts)})
    return [data[begin:end] for begin, end in pairwise(places)]


@every_wire
@given(cuts=st.lists(st.integers(0, 10_000), max_size=20))
def test_every_answer_counts_once_wherever_the_reads_end(name: str, cuts: list[int]) -> None:
    wire, talk = WIRES[name], TALKERS[name]()
    pieces = cut(wire.greeting + stream(wire, 1, 6), cuts)
    assert sum(talk.answers(piece) for piece in pieces) == 6


@every_wire
def test_the_ring_goes_round(name: str) -> None:
    wire, talk = WIRES[name], TALKERS[name]()
    assert talk.answers(wire.greeting) == 0
    first = b"".join(talk.calls(1000) for _ in range(9))
    assert first.startswith(wire.call(1) + wire.call(2))
    assert first.endswith(wire.call(9000 - RING))
    assert sum(talk.answers(stream(wire, 1 + 1000 * part, 1000)) for part in range(9)) == 9000


@every_wire
@pytest.mark.parametrize(
    "spoil",
    [
        lambda wire: wire.answer(2),
        lambda wire: wire.answer(1) + wire.answer(1),
        lambda wire: wire.answer(1) + wire.answer(3),
        lambda wire: wire.answer(1)[:-2] + b"??",
    ],
    ids=["out of order", "twice", "one missing", "another text"],
)
def test_a_wrong_answer_is_an_error(name: str, spoil: Callable[[Wire], bytes]) -> None:
    wire, talk = WIRES[name], TALKERS[name]()
    with pytest.raises(TargetError, match="not the answer"):
        talk.answers(wire.greeting + spoil(wire))


def test_a_server_that_greets_with_something_else_is_an_error() -> None:
    talk: Talk = TALKERS["Ice"]()
    with pytest.raises(TargetError, match="no greeting"):
        talk.answers(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@every_wire
def test_all_calls_are_equally_long_and_so_are_all_answers(name: str) -> None:
    wire = WIRES[name]
    for layout in (wire.call, wire.answer):
        assert len({len(layout(number)) for number in (1, 99, 1000, RING)}) == 1


def test_what_tce_is_sent_is_a_stream_of_its_packets() -> None:
    packets: list[tuple[tuple[int, ...], bytes]] = []
    PacketReader(1 << 20, pytest.fail).feed(TALKERS["TCE"]().calls(3), packets)
    assert [(fields[5], fields[6], fields[7]) for fields, _ in packets] == [(n, 0x01, 0x20000) for n in (1, 2, 3)]
    assert {params for _, params in packets} == {b"\0\0\0\x30" + TEXT}


def test_what_a_websocket_server_is_sent_is_a_stream_of_frames() -> None:
    frames = WebSocketProtocol(1 << 16).receive(TALKERS["JSON"]().calls(2))
    assert [opcode for opcode, _ in frames] == [Opcode.TEXT, Opcode.TEXT]
    assert b'"id":10002' in frames[1][1]

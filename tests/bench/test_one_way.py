"""Groups of one-way messages as bytes: counted exactly, however they are cut, and wrong ones found."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.peers.call_wire import STRING, tce_packet
from bench.peers.one_way import CALL, ECHO, GROUP, ONE_WAY, RETURN, SEEN_JSON, SERVED, TELL, PushTalk
from rtserver.base.wire.protocol import WebSocketProtocol
from rtserver.bench.client.error import TargetError
from tcelib.wire.packet import PacketReader


def pushed(number: int, first: int = 70_000) -> bytes:
    """The server's answer to a call for a group: its own numbers, from ``first`` on."""
    told = (tce_packet(place, ONE_WAY, TELL) for place in range(first, first + GROUP))
    return b"".join((*told, tce_packet(number, RETURN, 2 << 16, b"", 0)))


@given(cuts=st.lists(st.integers(0, 100_000), max_size=20))
def test_every_group_counts_once_wherever_the_reads_end(cuts: list[int]) -> None:
    data = pushed(1) + pushed(2, 1)
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    talk = PushTalk()
    assert sum(talk.answers(data[begin:end]) for begin, end in pairwise(places)) == 2


@pytest.mark.parametrize(
    "data",
    [pushed(2), pushed(1).replace(STRING[-4:], b"????", 1), pushed(1)[35:] + bytes(35)],
    ids=["out of order", "another text", "shifted"],
)
def test_a_wrong_group_is_an_error(data: bytes) -> None:
    with pytest.raises(TargetError, match="not the calls"):
        PushTalk().answers(data)


def test_a_group_that_is_served_ends_with_a_call_that_is_answered() -> None:
    packets: list[tuple[tuple[int, ...], bytes]] = []
    PacketReader(1 << 20, pytest.fail).feed(SERVED.talker()().calls(2), packets)
    assert [(fields[6], fields[7]) for fields, _ in packets] == ([(ONE_WAY, TELL)] * GROUP + [(CALL, ECHO)]) * 2


def test_a_group_of_json_ends_with_a_ping() -> None:
    messages = [payload for _, payload in WebSocketProtocol(1 << 16).receive(SEEN_JSON.talker()().calls(2))]
    assert [b'"ping"' in message for message in messages] == ([False] * GROUP + [True]) * 2

"""Answers that come through a gateway or a broker are counted exactly, and wrong ones found."""

from collections.abc import Callable

import pytest

from bench.peers.call_wire import STRING, Talk
from bench.peers.gateway_wire import RING, GatewayTalk, NatsTalk, nats_text, tce_answer, tce_calls
from rtserver.bench.client.error import TargetError
from tcelib.wire.packet import PacketReader

EXTRA = b"\0\0\0\x0b__user_id__\0\0\0\x0217"


def through_gateway() -> tuple[Talk, Callable[[int], bytes]]:
    """Words of a client, and the answer to its call of a number, from 1 on."""
    return GatewayTalk(tce_calls()), lambda number: tce_answer(number, 0x8000, 1, EXTRA)


def through_nats() -> tuple[Talk, Callable[[int], bytes]]:
    """The same of nats-server."""
    talk = NatsTalk()
    inbox = talk.calls(0).split(b"SUB ")[1].split(b" ")[0]
    text = nats_text(0)
    assert talk.answers(b'INFO {"server') + talk.answers(b'_id":"x"}\r\n') == 0
    return talk, lambda number: b"MSG %b 1 %d\r\n%b\r\n" % (inbox, len(text), nats_text(number - 1))


every_way = pytest.mark.parametrize("make", [through_gateway, through_nats])


@every_way
@pytest.mark.parametrize("size", [1, 7, 50, 100_000])
def test_every_answer_counts_once_wherever_the_reads_end(
    make: Callable[[], tuple[Talk, Callable[[int], bytes]]], size: int
) -> None:
    talk, answer = make()
    data = b"".join(map(answer, range(1, 7)))
    assert sum(talk.answers(data[at : at + size]) for at in range(0, len(data), size)) == 6


@every_way
def test_an_answer_out_of_order_is_an_error(make: Callable[[], tuple[Talk, Callable[[int], bytes]]]) -> None:
    talk, answer = make()
    talk.answers(answer(1))
    with pytest.raises(TargetError):
        talk.answers(answer(3))


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_question_whether_the_client_is_there_is_no_answer(size: int) -> None:
    talk, answer = through_nats()
    data = answer(1) + b"PING\r\n" + answer(2)
    assert sum(talk.answers(data[at : at + size]) for at in range(0, len(data), size)) == 2


def test_a_server_that_is_no_nats_is_an_error() -> None:
    with pytest.raises(TargetError):
        NatsTalk().answers(b"HTTP/1.1 400 Bad Request\r\n")


def test_the_calls_are_packets() -> None:
    packets: list[object] = []
    PacketReader(1 << 20, pytest.fail).feed(tce_calls(), packets)  # type: ignore[arg-type]
    assert len(packets) == 2 * RING
    assert packets[0][1] == STRING  # type: ignore[index]

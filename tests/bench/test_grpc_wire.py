"""gRPC's frames, as far as the load client reads and writes them."""

from itertools import pairwise
from struct import pack, unpack_from

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.peers.grpc_wire import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    MESSAGE,
    OPENING,
    PING,
    SETTINGS,
    GrpcTalk,
    frame,
)
from rtserver.bench.client.error import TargetError

HEADER_BLOCK = b"\x88"  # :status 200


def answer(stream: int, message: bytes = MESSAGE) -> bytes:
    """Headers, the message, trailers."""
    return (
        frame(HEADERS, END_HEADERS, stream, HEADER_BLOCK)
        + frame(DATA, 0, stream, message)
        + frame(HEADERS, END_HEADERS | END_STREAM, stream, HEADER_BLOCK)
    )


def streams(data: bytes) -> list[tuple[int, int]]:
    """Kind and stream of each frame."""
    found, at = [], 0
    while at < len(data):
        length, _, stream = unpack_from(">IBI", data, at)
        found.append((length & 0xFF, stream))
        at += 9 + (length >> 8)
    return found


def test_a_connection_opens_once_and_every_call_has_a_stream_of_its_own() -> None:
    talk = GrpcTalk()
    first = talk.calls(2)
    assert first.startswith(OPENING)
    assert streams(first.removeprefix(OPENING)) == [(HEADERS, 1), (DATA, 1), (HEADERS, 3), (DATA, 3)]
    assert streams(talk.calls(1)) == [(HEADERS, 5), (DATA, 5)]


@given(st.lists(st.integers(1, 399), max_size=12))
def test_answers_count_when_they_have_ended_in_any_order_and_however_cut(cuts: list[int]) -> None:
    talk = GrpcTalk()
    talk.calls(3)
    data = frame(SETTINGS, 0, 0, b"") + answer(5) + answer(1) + answer(3)
    places = [0, *sorted({cut % len(data) for cut in cuts}), len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(places)]
    assert sum(map(talk.answers, pieces)) == 3


def test_what_the_protocol_owes_goes_ahead_of_the_next_call() -> None:
    talk = GrpcTalk()
    talk.calls(1)
    talk.answers(
        frame(SETTINGS, 0, 0, pack(">HI", 3, 100)) + frame(SETTINGS, ACK, 0, b"") + frame(PING, 0, 0, b"12345678")
    )
    assert talk.calls(1).startswith(frame(SETTINGS, ACK, 0, b"") + frame(PING, ACK, 0, b"12345678"))
    assert streams(talk.calls(1)) == [(HEADERS, 5), (DATA, 5)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (answer(1, MESSAGE[:-1] + b"?"), "not an answer"),
        (answer(3), "not an answer"),
        (answer(1) + answer(1), "not an answer"),
        (frame(HEADERS, END_HEADERS | END_STREAM, 1, HEADER_BLOCK), "without an answer"),
        (frame(GOAWAY, 0, 0, b"too_many"), "too_many"),
    ],
    ids=["another text", "nobody asked", "twice", "only trailers", "the end"],
)
def test_a_wrong_answer_is_an_error(data: bytes, reason: str) -> None:
    talk = GrpcTalk()
    talk.calls(1)
    with pytest.raises(TargetError, match=reason):
        talk.answers(data)

"""The load client's counting: exact, however the stream is cut into reads."""

import math
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.meter import Meter, percentiles
from rtserver.base.wire.frame import text_frame
from rtserver.bench.client.mark import MARK

SOCKET = 7


def stream(count: int, size: int = 40) -> bytes:
    """That many server frames, each with one stamp of a second ago."""
    stamp = time.monotonic_ns() - 1_000_000_000
    payload = b'{"label":%b%d","rest":"y%b"}' % (MARK, stamp, b"~" * size)
    return text_frame(payload) * count


def feed(meter: Meter, data: bytes, cuts: list[int]) -> None:
    """The data in pieces, cut at these places."""
    places = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    for begin, end in pairwise(places):
        if begin < end:
            meter.on_bytes(SOCKET, data[begin:end])


@given(count=st.integers(1, 6), size=st.integers(0, 200), cuts=st.lists(st.integers(0, 5000), max_size=60))
def test_every_message_counts_once_wherever_the_reads_end(count: int, size: int, cuts: list[int]) -> None:
    meter = Meter({SOCKET})
    feed(meter, stream(count, size), cuts)
    assert meter.deliveries == count
    assert len(meter.seconds) == count
    assert all(1.0 <= seconds < 60.0 for seconds in meter.seconds)


def test_a_byte_at_a_time_counts_the_same() -> None:
    meter = Meter()
    for byte in stream(3):
        meter.on_bytes(SOCKET, bytes((byte,)))
    assert meter.deliveries == 3


def test_two_connections_cut_inside_a_mark_do_not_mix() -> None:
    meter = Meter()
    meter.on_bytes(1, b'x"~~')
    meter.on_bytes(2, b'x"~~~~5"')
    meter.on_bytes(1, b'~~5"')
    assert meter.deliveries == 2


def test_a_length_byte_that_is_a_tilde_is_no_mark() -> None:
    meter = Meter()
    meter.on_bytes(SOCKET, b'"' + text_frame(b"y" * 200) + b'"' + text_frame(b"y" * 0x7E7E))
    assert meter.deliveries == 0


def test_only_the_sampled_connections_give_ages() -> None:
    meter = Meter({1})
    meter.on_bytes(1, stream(2))
    meter.on_bytes(2, stream(3))
    assert (meter.deliveries, len(meter.seconds)) == (5, 2)


def test_skimmed_bytes_count_as_the_messages_that_they_are() -> None:
    meter = Meter()
    meter.on_bytes(SOCKET, stream(10))
    assert meter.among(len(stream(70))) == 80


def test_a_meter_that_saw_nothing_knows_nothing_of_skimmed_bytes() -> None:
    assert Meter().among(1000) == 0


def test_percentiles_are_milliseconds_and_right_to_a_hundredth() -> None:
    seconds = [number / 1000 for number in range(100, 0, -1)]
    expected = {"p50": 50.0, "p99": 99.0, "p999": 100.0, "max": 100.0}
    assert percentiles(seconds) == pytest.approx(expected, rel=0.01)


def test_a_percentile_of_nothing_is_not_a_number() -> None:
    assert all(map(math.isnan, percentiles([]).values()))

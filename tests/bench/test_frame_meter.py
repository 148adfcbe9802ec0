"""Counting what cannot be read: frames, compressed and not, in reads of any size."""

import time
import zlib

import pytest

from bench.frame_meter import FrameMeter
from bench.peers.work import Order, Work, points
from rtserver.base.wire.deflate import deflated_text_frame
from rtserver.base.wire.frame import text_frame

SOCKET = 7


def message(size: int) -> bytes:
    """One that is published now."""
    return Work(Order(size=size)).payload(1).encode()


STREAM = b"".join(form(message(size)) for size in (120, 400, 70_000) for form in (deflated_text_frame, text_frame))


@pytest.mark.parametrize("read", [1, 2, 3, 130, 4096, 1 << 20])
def test_frames_are_counted_however_they_are_read(read: int) -> None:
    meter = FrameMeter({})
    for place in range(0, len(STREAM), read):
        meter.on_bytes(SOCKET, STREAM[place : place + read])
    assert (meter.deliveries, meter.compressed, meter.size) == (6, 2, len(STREAM))
    assert meter.seconds == []


def test_one_meter_goes_on_where_the_other_has_stopped() -> None:
    rests: dict[int, bytes] = {}
    before, after = FrameMeter(rests), FrameMeter(rests)
    before.on_bytes(SOCKET, STREAM[:600])
    after.on_bytes(SOCKET, STREAM[600:])
    assert (before.deliveries, after.deliveries) == (3, 3)


def test_connections_are_kept_apart() -> None:
    meter, frame = FrameMeter({}), text_frame(message(400))
    meter.on_bytes(1, frame[:100])
    meter.on_bytes(2, frame)
    meter.on_bytes(1, frame[100:])
    assert meter.deliveries == 2


def test_the_age_is_that_of_the_last_message_of_a_read() -> None:
    age = time.monotonic() / 2  # the clock may have started a minute ago
    old = b'{"label":"~~~~%d","rest":"%b"}' % (int((time.monotonic() - age) * 1e9), b"x" * 300)
    meter = FrameMeter({}, [SOCKET])
    meter.on_bytes(SOCKET, deflated_text_frame(message(400)) + deflated_text_frame(old))
    meter.on_bytes(SOCKET, text_frame(old) + text_frame(message(400)))
    assert age <= meter.seconds[0] < age + 100
    assert 0 <= meter.seconds[1] < 100
    assert meter.summary()["max"] >= 1000 * age


def test_skimmed_bytes_count_as_deliveries_of_the_same_size() -> None:
    meter, frame = FrameMeter({}), text_frame(message(400))
    assert meter.among(1000) == 0
    meter.on_bytes(SOCKET, frame * 3)
    assert meter.among(len(frame) * 10) == 13


def test_the_points_of_a_message_compress_as_those_of_a_chart_do() -> None:
    text = points(64_000).encode()
    assert len(text) == 64_000
    assert text == points(64_000).encode()
    # Pictures of rtserver's become 0.34 to 0.37 of what they were.
    assert 0.33 < len(zlib.compress(text, 1)) / len(text) < 0.38

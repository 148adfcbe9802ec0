"""Compressed frames that are remembered: who shares them, and how many there are."""

import pytest

from rtserver.base import deflater as module
from rtserver.base.deflater import Deflater
from rtserver.base.wire.deflate import deflate_frame
from rtserver.base.wire.frame import text_frame


@pytest.fixture
def compressed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every frame that was compressed, as often as it was."""
    seen: list[bytes] = []

    def note(frame: bytes) -> bytes:
        seen.append(frame)
        return deflate_frame(frame)

    monkeypatch.setattr(module, "deflate_frame", note)
    return seen


def frame(number: int, size: int = 1000) -> bytes:
    """A frame of about that size, other than those of other numbers."""
    return text_frame(b"%d " % number * (size // len(b"%d " % number)))


def test_a_frame_that_is_pushed_to_many_is_compressed_once(compressed: list[bytes]) -> None:
    deflater, picture = Deflater(), frame(1)
    forms = [deflater.deflate(picture) for _ in range(500)]
    assert compressed == [picture]
    assert all(form is forms[0] for form in forms)
    assert forms[0] == deflate_frame(picture) != picture


def test_a_frame_that_does_not_shrink_is_tried_once(compressed: list[bytes]) -> None:
    noise = text_frame(bytes(range(256)))
    deflater = Deflater()
    assert [deflater.deflate(noise) is noise for _ in range(500)] == [True] * 500
    assert compressed == [noise]


def test_short_and_compressed_frames_pass_and_take_no_room(compressed: list[bytes]) -> None:
    deflater = Deflater()
    for passing in (text_frame(b"pong"), deflate_frame(frame(1))):
        assert deflater.deflate(passing) is passing
    assert (compressed, len(deflater._deflated), deflater.size) == ([], 0, 0)


def test_what_was_asked_for_last_is_remembered_longest(compressed: list[bytes]) -> None:
    picture = frame(0)
    deflater = Deflater(kept_bytes=3 * len(picture))
    for number in range(1, 100):
        deflater.deflate(picture)
        deflater.deflate(frame(number))
    assert compressed.count(picture) == 1
    assert len(compressed) == 100


def test_what_is_remembered_stays_within_its_bytes() -> None:
    deflater = Deflater(kept_bytes=10_000)
    for number in range(300):
        deflater.deflate(frame(number, size=100 + number * 37 % 5000))
        assert deflater.size <= 10_000
    assert deflater.size == sum(len(plain) + len(form) for plain, form in deflater._deflated.items())
    assert len(deflater._deflated) > 1


def test_a_frame_larger_than_all_the_room_is_compressed_all_the_same() -> None:
    deflater, picture = Deflater(kept_bytes=500), frame(1, size=5000)
    assert deflater.deflate(picture) == deflate_frame(picture)
    assert len(deflater._deflated) == 0

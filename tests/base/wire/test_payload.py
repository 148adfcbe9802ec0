"""A message for many: one frame for each kind of connection, made when the first needs it."""

from rtserver.base.wire.payload import Payload


class Framing:
    """Counts what it is asked for."""

    def __init__(self, mark: bytes) -> None:
        self.mark = mark
        self.made = 0

    def __call__(self, payload: bytes) -> bytes:
        self.made += 1
        return self.mark + payload


def test_a_message_is_framed_once_for_each_kind_that_needs_it() -> None:
    one, other, unused = Framing(b"1"), Framing(b"2"), Framing(b"3")
    payload = Payload(b"news")
    frames = [payload.framed(framing) for framing in (one, other, one, other)]
    assert frames == [b"1news", b"2news", b"1news", b"2news"]
    assert frames[0] is frames[2]
    assert (one.made, other.made, unused.made) == (1, 1, 0)
    assert payload.data == b"news"

"""SavedState: a quote's state and its ticks as the bytes of a ``StateChange``, and read again. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec


class SavedState(msgspec.Struct, array_like=True, frozen=True):
    """``book`` is what the quote's book gave. ``finished`` has the last stored label of each base period."""

    book: Any
    finished: dict[str, int]


class StateError(ValueError):
    """Bytes that are no saved state, or no ticks."""


_encode = msgspec.msgpack.Encoder().encode
_decode_state = msgspec.msgpack.Decoder(SavedState).decode
_decode_ticks = msgspec.msgpack.Decoder(list[Any]).decode


def pack_state(book: object, finished: Mapping[str, int]) -> bytes:
    """Return the bytes of a state."""
    return _encode(SavedState(book, dict(finished)))


def unpack_state(data: bytes) -> SavedState:
    """Return the state of ``pack_state``. Raises ``StateError``."""
    try:
        return _decode_state(data)
    except msgspec.MsgspecError as error:
        raise StateError(str(error)) from error


def pack_ticks(ticks: Sequence[object]) -> bytes:
    """Return the bytes of some ticks; none for no ticks."""
    return _encode(ticks) if ticks else b""


def unpack_ticks(portions: Iterable[bytes]) -> Iterator[Any]:
    """Yield the ticks of several ``pack_ticks``, as plain data. Raises ``StateError``."""
    for portion in portions:
        try:
            yield from _decode_ticks(portion)
        except msgspec.MsgspecError as error:
            raise StateError(str(error)) from error

"""RecentIds: the ids of the newest ticks, by which one that is sent twice is known."""

from collections.abc import Iterable

MOST_IDS = 20_000
ID_BYTES = 250
"""Bytes of a text of 64 characters, its moment and their place, about."""


class RecentIds:
    """The ids that came in the last ``keep_ms``, at most ``MOST_IDS`` of them."""

    __slots__ = ("_came", "_keep_ms")

    def __init__(self, keep_ms: int) -> None:
        self._keep_ms = keep_ms
        self._came: dict[str | int, int] = {}  # in the order of arrival

    @property
    def size(self) -> int:
        """Bytes of the ids, about."""
        return len(self._came) * ID_BYTES

    @property
    def state(self) -> list[tuple[str | int, int]]:
        """Each id with the server's clock at its arrival, for ``restore``."""
        return list(self._came.items())

    def restore(self, state: Iterable[tuple[str | int, int]]) -> None:
        """Go on from a state."""
        self._came = dict(state)

    def has(self, id: str | int, now_ms: int) -> bool:  # noqa: A002 (the word of the message)
        """Return True if the id has come in the last ``keep_ms``."""
        came = self._came.get(id)
        return came is not None and came >= now_ms - self._keep_ms

    def add(self, id: str | int, now_ms: int) -> None:  # noqa: A002
        """Note an id, and forget the oldest ones."""
        came = self._came
        came.pop(id, None)
        came[id] = now_ms
        while len(came) > MOST_IDS or came[oldest := next(iter(came))] < now_ms - self._keep_ms:
            del came[oldest]

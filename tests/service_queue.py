"""A backend, as far as a test needs one: it pushes to the list and looks at the dead stream."""

import json
from typing import Any, Self

import redis

from tests.until import until

QUEUE = "queue:rtserver"
BUS = "{queue:rtserver}:bus"
DEAD = "{queue:rtserver}:dead"
POSITIONS = "{queue:rtserver}:positions"


class ServiceQueue:
    """A Redis client that knows two keys."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def push(self, type: str, data: Any, src: str = "test") -> None:  # noqa: A002 (the protocol's word)
        """One well-formed message."""
        self.push_raw(json.dumps({"type": type, "src": src, "data": data}))

    def push_raw(self, *messages: str | bytes) -> None:
        """Push messages as any producer may send them."""
        self._client.rpush(QUEUE, *messages)

    def push_price(self, quote: str, time_ms: int | str, price: float) -> None:
        """One tick."""
        self.push("quote", [{"quote": quote, "info": {"point": [time_ms, price]}}])

    def waiting(self) -> list[bytes]:
        """Return the entries of the list that have not been taken."""
        return self._client.lrange(QUEUE, 0, -1)

    def wait_until_taken(self) -> None:
        """Until nothing is on the list any more."""
        until(lambda: not self.waiting(), "nothing stays on the list")

    def wait_until_saved(self) -> None:
        """Wait until every lane has committed the end of the bus, which may have begun anew and be empty at first."""
        until(lambda: self._client.xlen(BUS), "something is on the bus")
        newest = self._client.xrevrange(BUS, count=1)[0][0]
        # A canary may have moved the end of the bus meanwhile, and the positions with it.
        until(lambda: self._is_committed(newest), f"{newest!r} is everywhere")

    def _is_committed(self, newest: bytes) -> bool:
        positions = self._client.hvals(POSITIONS)
        return bool(positions) and all(_order(position) >= _order(newest) for position in positions)

    def dead_letter(self, raw: bytes) -> dict[bytes, bytes]:
        """The fields of the dead letter with these bytes, as soon as it is there."""
        found: list[dict[bytes, bytes]] = []

        def look() -> bool:
            found.extend(dict(fields) for _, fields in self._client.xrange(DEAD) if fields[b"raw"] == raw)
            return bool(found)

        until(look, f"{raw!r} is on the dead stream")
        return found[0]


def _order(message_id: bytes) -> tuple[int, ...]:
    """The milliseconds and the number of an id."""
    return tuple(map(int, message_id.split(b"-")))

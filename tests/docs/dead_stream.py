"""The dead stream from a moment on."""

import time

import redis

DEAD = "{queue:rtserver}:dead"
WAIT_SECONDS = 10.0


class DeadStream:
    """The letters that are buried after this object was made."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        newest = client.xrevrange(DEAD, count=1)
        self._position = newest[0][0] if newest else "0-0"

    def receive(self, count: int) -> list[dict[str, str]]:
        """The next ``count`` letters, in order."""
        letters: list[dict[str, str]] = []
        deadline = time.monotonic() + WAIT_SECONDS
        while len(letters) < count:
            assert time.monotonic() < deadline, f"{len(letters)} letters instead of {count}: {letters}"
            for _, entries in self._client.xread({DEAD: self._position}, block=1000):
                letters += [fields for _, fields in entries]
                self._position = entries[-1][0]
        return letters

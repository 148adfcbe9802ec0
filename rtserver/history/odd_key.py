"""OddKeys: keys of history that hold something else than they should, for the log and for ``/readyz``."""

from tcelib.queue.redis_commands import RedisCommands

MOST = 100


class OddKeys:
    """The keys that were met, each with the kind that it should have. Bounded."""

    def __init__(self, redis: RedisCommands) -> None:
        self._redis = redis
        self._kinds: dict[str, str] = {}

    def note(self, key: str | bytes, kind: str = "") -> str:
        """Note a key, and return its name. A key without a ``kind`` should not be there at all."""
        name = key if isinstance(key, str) else key.decode(errors="backslashreplace")
        if len(self._kinds) < MOST:
            self._kinds[name] = kind
        return name

    def look(self) -> list[str]:
        """Return the keys that still hold something else. Raises ``QueueError``."""
        if not self._kinds:
            return []
        found = self._redis.call_together([("TYPE", name) for name in self._kinds])
        odd = {
            name: kind
            for (name, kind), is_now in zip(self._kinds.items(), found, strict=True)
            if is_now not in (b"none", kind.encode())
        }
        self._kinds = odd
        return list(odd)

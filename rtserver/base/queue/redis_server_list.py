"""RedisServerList: one hash of the running servers, which expires with the last announcement of the last server."""

from collections.abc import Collection

import msgspec

from rtserver.base.queue.server_list import GOOD_SECONDS, Sign
from tcelib.queue.redis_commands import RedisCommands
from tcelib.redis.redis_connection import RedisClient


class RedisServerList:
    """See ``ServerList``. Holds the list of the queue called ``name``. Each call is a few commands, without a
    script.
    """

    def __init__(self, client: RedisClient, name: str) -> None:
        self._redis = RedisCommands(client, name)
        self._servers = self._redis.key_of("servers")

    def announce(self, server: str, types: Collection[str], seconds: float = GOOD_SECONDS) -> None:
        """See ``ServerList``."""
        now, signs = self._read()
        over = [name for name, sign in signs.items() if sign is None or sign.until <= now]
        milliseconds = round(seconds * 1000)
        sign = msgspec.json.encode(Sign(now + milliseconds, tuple(sorted(types))))
        commands: list[tuple[str | bytes | int, ...]] = [
            ("HSET", self._servers, server, sign),
            ("PEXPIRE", self._servers, milliseconds),
        ]
        if over:
            commands.insert(0, ("HDEL", self._servers, *over))
        self._redis.call_together(commands)

    def withdraw(self, server: str) -> None:
        """See ``ServerList``."""
        self._redis.call("HDEL", self._servers, server)

    def running(self) -> dict[str, frozenset[str]]:
        """See ``ServerList``."""
        now, signs = self._read()
        return {name: frozenset(sign.types) for name, sign in signs.items() if sign is not None and sign.until > now}

    def _read(self) -> tuple[int, dict[str, Sign | None]]:
        """Return the time of Redis in milliseconds, and the announcements by server; None for those that cannot be
        read.
        """
        (seconds, microseconds), found = self._redis.call_together([("TIME",), ("HGETALL", self._servers)])
        signs = {name.decode("utf-8", "replace"): _sign_of(raw) for name, raw in dict(found).items()}
        return int(seconds) * 1000 + int(microseconds) // 1000, signs


def _sign_of(raw: bytes) -> Sign | None:
    try:
        return msgspec.json.decode(raw, type=Sign)
    except msgspec.DecodeError:
        return None

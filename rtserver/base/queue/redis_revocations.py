"""RedisRevocations: a sorted set of digests by expiry, and the time before which everything counts as revoked.

A reader is told the name of a key of the wrong kind. The next revocation replaces that key and revokes all older
credentials, because nobody knows any more which of them were revoked.
"""

from collections.abc import Mapping

from rtserver.base.queue.port import QueueRefusedError
from rtserver.base.queue.redis_entry import load_script
from rtserver.base.queue.revocation_port import CLOCK_SKEW_SECONDS, MOST_REVOCATIONS, digest_of
from tcelib.queue.redis_commands import RedisCommands
from tcelib.redis.redis_connection import RedisClient


class RedisRevocations:
    """See ``RevocationPort``. Holds the revocations of the queue called ``name``.

    Greenlets or threads may share it: each call takes a connection of its own.
    """

    def __init__(self, client: RedisClient, name: str, *, most: int = MOST_REVOCATIONS) -> None:
        self._redis = RedisCommands(client, name)
        self._revoked, self._all_before = self._redis.key_of("revoked"), self._redis.key_of("revoked_before")
        self._most = most
        self._script = load_script("revoke.lua")

    def revoke(self, lifetimes: Mapping[str, float]) -> None:
        """See ``RevocationPort``. One script."""
        if not lifetimes:
            return
        pairs: list[bytes | int] = []
        for credential, seconds in lifetimes.items():
            pairs += [digest_of(credential), round((seconds + CLOCK_SKEW_SECONDS) * 1000)]
        self._redis.call("EVAL", self._script, 2, self._revoked, self._all_before, self._most, *pairs)

    def revoked(self, made_at: Mapping[str, float]) -> set[str]:
        """See ``RevocationPort``. One round trip."""
        if not made_at:
            return set()
        # In this order: a script that runs in between moves what the first command misses to the second key.
        commands = [("ZMSCORE", self._revoked, *map(digest_of, made_at)), ("GET", self._all_before)]
        try:
            scores, all_before = self._redis.call_together(commands)
            limit = float(all_before) if all_before is not None else None
        except (QueueRefusedError, ValueError) as error:
            raise QueueRefusedError(self._redis.address, f"{self._revoked} or {self._all_before}: {error}") from error
        return {
            credential
            for (credential, made), score in zip(made_at.items(), scores, strict=True)
            if score is not None or (limit is not None and made <= limit)
        }

    def close(self) -> None:
        """See ``RevocationPort``."""
        self._redis.close()

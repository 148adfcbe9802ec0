"""MemoryRevocations: the twin of ``RedisRevocations``, for tests. Never the product's answer. Single-threaded."""

import math
from collections.abc import Callable, Mapping

from rtserver.base.queue.revocation_port import CLOCK_SKEW_SECONDS, MOST_REVOCATIONS, digest_of


class MemoryRevocations:
    """See ``RevocationPort``. ``now`` returns epoch seconds."""

    def __init__(self, now: Callable[[], float], *, most: int = MOST_REVOCATIONS) -> None:
        self._now = now
        self._most = most
        self._until: dict[bytes, float] = {}
        self._all_before = -math.inf

    def revoke(self, lifetimes: Mapping[str, float]) -> None:
        """See ``RevocationPort``."""
        now = self._now()
        self._until = {digest: until for digest, until in self._until.items() if until > now}
        for credential, seconds in lifetimes.items():
            digest = digest_of(credential)
            self._until[digest] = max(self._until.get(digest, 0.0), now + seconds + CLOCK_SKEW_SECONDS)
        if len(self._until) > self._most:
            self._until.clear()
            self._all_before = math.floor(now)

    def revoked(self, made_at: Mapping[str, float]) -> set[str]:
        """See ``RevocationPort``."""
        return {
            credential
            for credential, made in made_at.items()
            if digest_of(credential) in self._until or made <= self._all_before
        }

    def close(self) -> None:
        """See ``RevocationPort``."""

"""Credentials that were revoked before they expire: tokens, and sessions that live in a signed cookie alone.

Such a credential is good by its signature, and no store forgets it. So what was revoked is kept, for all workers and
over restarts, until it would have expired. ``RedisRevocations`` is the real port and ``MemoryRevocations`` its twin;
both pass the same tests. A port keeps digests, never the credentials themselves.

The number of revocations is bounded. One more than ``MOST_REVOCATIONS`` empties the list and revokes every credential
that was made before that moment: their holders get new ones from the site, and nobody who was revoked comes back.
"""

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Protocol

MOST_REVOCATIONS = 100_000
"""About 15 MB of Redis's memory."""

CLOCK_SKEW_SECONDS = 3_600.0
"""The clocks of the site, of Redis and of the workers may differ by so much: a revocation is kept longer by it."""


class RevocationPort(Protocol):
    """The revocations of one queue. Every call may block, and raise ``QueueError``: then nothing is known."""

    def revoke(self, lifetimes: Mapping[str, float]) -> None:
        """Revoke credentials, each for at least so many seconds. A later call never shortens that."""

    def revoked(self, made_at: Mapping[str, float]) -> Collection[str]:
        """Those of some credentials that are revoked; ``made_at`` has when each was made, in epoch seconds."""

    def close(self) -> None:
        """Let go of every connection. A later call opens a new one."""


def digest_of(credential: str) -> bytes:
    """The 32 bytes that a credential is known by."""
    return sha256(credential.encode("utf-8", "surrogatepass")).digest()

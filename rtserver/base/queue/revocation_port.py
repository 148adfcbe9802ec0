"""Port of revocations: credentials that are revoked before they expire.

Tokens, and sessions that live in a signed cookie alone, are valid by their signature, and no store can forget them.
So the queue keeps what was revoked until it would have expired, for all workers and over restarts.
``RedisRevocations`` is the real port and ``MemoryRevocations`` its twin; both pass the same tests. A port keeps
digests, never the credentials themselves.

The number of revocations is bounded. One more than ``MOST_REVOCATIONS`` empties the list and revokes every credential
that was made before that moment: their holders get new ones from the site, and no revoked user comes back.
"""

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Protocol

MOST_REVOCATIONS = 100_000
"""About 15 MB of Redis's memory."""

CLOCK_SKEW_SECONDS = 3_600.0
"""Allowed difference of the clocks of site, Redis and workers. A revocation is kept longer by it."""


class RevocationPort(Protocol):
    """The revocations of one queue. Every call may block, and may raise ``QueueError``: then nothing is known."""

    def revoke(self, lifetimes: Mapping[str, float]) -> None:
        """Revoke credentials, each for at least that many seconds. A later call never shortens that."""

    def revoked(self, made_at: Mapping[str, float]) -> Collection[str]:
        """Return the revoked ones among some credentials. ``made_at`` maps each to when it was made, in epoch
        seconds.
        """

    def close(self) -> None:
        """Close all connections. A later call opens a new one."""


def digest_of(credential: str) -> bytes:
    """Return the 32 bytes that stand for a credential."""
    return sha256(credential.encode("utf-8", "surrogatepass")).digest()

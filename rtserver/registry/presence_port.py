"""PresencePort: what the workers of a queue share about presence, beside the registry.

There are two things. The *epoch* is a word for the history of the registry's changes: workers that follow the same
history number the moments of presence alike, and a history that has lost something gets another word. And *telling*:
who has been told to be online onto the queue of a backend, so that all workers may tell each event and it is there
once.

``RedisPresence`` is the real port and ``MemoryPresence`` its twin; both pass the same tests.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from tcelib.lease.telling import Tale


class PresencePort(Protocol):
    """Shared by the workers of one queue. Every call may block, and may raise ``RegistryError``."""

    def moment(self) -> tuple[int, str]:
        """Return the present moment in epoch milliseconds by the registry's clock, and the epoch."""

    def renew_epoch(self, lost: str) -> str:
        """Replace an epoch whose history has lost something, and return the one that counts.

        Somebody else may have replaced it already.
        """

    def tell_online(self, tales: Sequence[Tale]) -> int:
        """See ``RedisTelling.online``."""

    def tell_offline(self, tales: Sequence[Tale]) -> int:
        """See ``RedisTelling.offline``."""

    def told(self, cursor: str = "") -> tuple[Mapping[str, int], str]:
        """See ``RedisTelling.told``."""

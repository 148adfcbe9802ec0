"""PresencePort: what the workers of a queue share about presence, beside the registry.

There are two things. The *epoch* is a word for the history of the registry's changes: workers that follow the same
history number the moments of presence alike, and a history that has lost something gets another word. And *telling*:
who has been told to be online onto the queue of a backend, so that all workers may tell each event and it is there
once.

``RedisPresence`` is the real port and ``MemoryPresence`` its twin; both pass the same tests.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

SLICE = 500
"""Users in one operation at most."""
GONE_SECONDS = 3_600
"""Time for which it is known that somebody was told to be offline: no worker is so far behind and still tells."""


class Tale(NamedTuple):
    """An event to tell: a user, the moment by the registry's clock, and the message for the queue."""

    user: str
    at_ms: int
    body: bytes


class PresencePort(Protocol):
    """Shared by the workers of one queue. Every call may block, and may raise ``RegistryError``."""

    def moment(self) -> tuple[int, str]:
        """Return the present moment in epoch milliseconds by the registry's clock, and the epoch."""

    def renew_epoch(self, lost: str) -> str:
        """Replace an epoch whose history has lost something, and return the one that counts.

        Somebody else may have replaced it already.
        """

    def tell_online(self, tales: Sequence[Tale]) -> int:
        """Put the messages of those users on the queue who are not told to be online, and note them as told.

        Return the number of messages. An event that is no newer than what was told of its user last is not told.
        """

    def tell_offline(self, tales: Sequence[Tale]) -> int:
        """Put the messages of those users on the queue who are told to be online and have no holder any more."""

    def told(self, cursor: str = "") -> tuple[Mapping[str, int], str]:
        """Return some of the users who are told to be online, with their moments, and the cursor of the next ones.

        The cursor is empty behind the last ones. Those who are told all the time are returned at least once.
        """

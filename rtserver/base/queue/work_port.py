"""Port of work that one of several workers does: each piece is taken by one, and stays in the queue until it is done.

It knows bytes only. ``RedisWork`` is the real port and ``MemoryWork`` its twin; both pass the same tests.

A piece is free, or held by a worker. A worker must renew what it holds: pieces of a silent worker may be claimed by
any other. So a piece may be done twice, by a worker that was only slow, and is never left undone.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from rtserver.base.queue.port import DeadLetter, QueuePort


class Work(NamedTuple):
    """A piece of work that its worker holds. ``tries`` counts how often it was begun, this time included."""

    id: str
    raw: bytes
    tries: int


class WorkPort(Protocol):
    """The work of one kind. ``worker`` is the caller's name, never used before. Every call may raise
    ``QueueError``.
    """

    def take(self, worker: str, timeout: float) -> Work | None:
        """Return the oldest piece that no worker has had; wait up to ``timeout`` seconds for one."""

    def claim(self, worker: str, silence: float) -> Work | None:
        """Return the oldest piece whose worker has been silent for ``silence`` seconds, if there is one."""

    def again(self, worker: str, work_id: str) -> Work | None:
        """Begin a piece that ``worker`` holds once more. None if another worker has it by now."""

    def held(self, worker: str, count: int) -> list[str]:
        """Return the ids of the pieces that ``worker`` holds, at most ``count``, the oldest first."""

    def renew(self, worker: str, work_ids: Collection[str]) -> set[str]:
        """Note that ``worker`` still works on these pieces. Return those that it still holds."""

    def release(self, worker: str, work_ids: Collection[str]) -> None:
        """Give up pieces that ``worker`` holds: others may claim them at once, and the last try does not count."""

    def finish(self, work_id: str) -> bool:
        """Remove a piece because it is done, whoever held it. False if it had been removed already."""

    def bury(self, work_id: str, letter: DeadLetter) -> bool:
        """Remove a piece that cannot be done and add its dead letter, both or neither. False as with ``finish``."""

    def tidy(self, silence: float) -> None:
        """Forget workers that hold nothing and have been silent for ``silence`` seconds."""

    def waiting(self) -> int:
        """Return the number of pieces that are not done, held ones included."""


class WorkQueue(QueuePort, Protocol):
    """A queue whose derived streams can be worked off."""

    def work(self, stream: str) -> WorkPort:
        """Return the work in a derived stream that is kept without a bound."""

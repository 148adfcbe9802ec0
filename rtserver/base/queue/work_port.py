"""Work that one of several workers does: each piece is taken by one, and stays in the queue until it is done.

Knows bytes only. ``RedisWork`` is the real one and ``MemoryWork`` its twin; both pass the same tests.

A piece is free, or somebody's who holds it. Who holds pieces has to say so now and then (``renew``): those of whoever
has fallen silent may be claimed by anybody. So a piece may be done twice, by one who was only slow, and is never
left undone.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from rtserver.base.queue.port import DeadLetter, QueuePort


class Work(NamedTuple):
    """A piece of work that its worker holds now. ``tries`` counts how often it was begun, this time included."""

    id: str
    raw: bytes
    tries: int


class WorkPort(Protocol):
    """The work of one kind. ``worker`` names who calls, once and never again. Every call may raise ``QueueError``."""

    def take(self, worker: str, timeout: float) -> Work | None:
        """The oldest piece that nobody has had yet; waits up to ``timeout`` seconds for one."""

    def claim(self, worker: str, silence: float) -> Work | None:
        """The oldest piece of which its worker has not said anything for ``silence`` seconds, if there is one."""

    def again(self, worker: str, work_id: str) -> Work | None:
        """Begin once more with a piece that ``worker`` holds; None if somebody else has it by now."""

    def held(self, worker: str, count: int) -> list[str]:
        """The pieces that ``worker`` holds, at most ``count``, the oldest first."""

    def renew(self, worker: str, work_ids: Collection[str]) -> set[str]:
        """Say that they are still worked on; those that ``worker`` still holds."""

    def release(self, worker: str, work_ids: Collection[str]) -> None:
        """Give up pieces that ``worker`` holds: anybody may claim them at once, and the last try does not count."""

    def finish(self, work_id: str) -> bool:
        """It is done, whoever held it: it is removed. False if it had been removed already."""

    def bury(self, work_id: str, letter: DeadLetter) -> bool:
        """It cannot be done: it is removed and its dead letter added, both or neither. False as with ``finish``."""

    def tidy(self, silence: float) -> None:
        """Forget the names of workers that hold nothing and have not said anything for so many seconds."""

    def waiting(self) -> int:
        """How many pieces are not done, held ones included."""


class WorkQueue(QueuePort, Protocol):
    """A queue whose derived streams may be worked off."""

    def work(self, stream: str) -> WorkPort:
        """The work in a derived stream, one that is kept without a bound."""

"""MemoryTopic: the twin of ``RedisTopic``, for tests. Never the product's answer. Single-threaded."""

from collections.abc import Callable, Sequence

from tcelib.queue.message import Message
from tcelib.queue.name import checked_name
from tcelib.queue.port import Queue


class MemoryTopic:
    """See ``Topic``. ``open_queue`` returns the queue of a name; ``now`` is in epoch seconds."""

    address = "memory:"

    def __init__(self, name: str, open_queue: Callable[[str], Queue], now: Callable[[], float]) -> None:
        self.name = checked_name(name)
        self._open_queue = open_queue
        self._now = now
        self._ends: dict[str, float] = {}

    def publish(self, messages: Sequence[Message]) -> int:
        """See ``Topic``."""
        queues = self.subscribers()
        for queue in queues:
            self._open_queue(queue).put(messages)
        return len(queues)

    def subscribe(self, queue: str, seconds: float) -> None:
        """See ``Topic``."""
        self._ends[checked_name(queue)] = self._now() + seconds

    def unsubscribe(self, queue: str) -> bool:
        """See ``Topic``."""
        return self._ends.pop(queue, None) is not None

    def subscribers(self) -> list[str]:
        """See ``Topic``."""
        return sorted(queue for queue, end in self._ends.items() if end > self._now())

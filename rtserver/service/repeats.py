"""RepeatFilter: which of the messages that a worker reads have come before.

Decides which messages have a name that counts; whether a name is another entry's is known by the queue, to all
workers alike. Who reads the bus asks here before anything is handed to a lane.
"""

from collections.abc import Iterable
from typing import TypeAlias

from rtserver.base.queue.port import Entry, Named, QueuePort
from rtserver.service.message import Rejected, ServiceMessage, name_in
from rtserver.service.queue_link import QueueLink

Opened: TypeAlias = tuple[Entry, ServiceMessage | Rejected]
"""An entry of the bus, and the message in it, or why there is none."""

NONE: frozenset[str] = frozenset()


class RepeatFilter:
    """One for all who read the bus for a worker. ``repeated`` counts repeats that no other worker has counted."""

    def __init__(self, queue: QueuePort, link: QueueLink) -> None:
        self._queue = queue
        self._link = link
        self.repeated = 0

    def find(self, opened: Iterable[Opened]) -> frozenset[str]:
        """The ids of the entries that are repeats. Asks the queue, and waits for it, only if a message has an id."""
        named = names_in(opened)
        if not named:
            return NONE
        repeats = self._link.call(self._queue.bind, named)
        self.repeated += repeats.untold
        return repeats.ids


def names_in(opened: Iterable[Opened]) -> list[Named]:
    """The entries whose messages have a name, with it.

    A message that was rejected has none: what nobody has signed, and what is no JSON, uses up no id.
    """
    return [
        Named(entry.id, name)
        for entry, message in opened
        if message.id and isinstance(message, ServiceMessage) and (name := name_in(entry.raw, message)) is not None
    ]

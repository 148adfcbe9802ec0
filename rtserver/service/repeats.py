"""RepeatFilter: finds the messages that have come before.

It decides which messages have a name that counts. The queue knows, for all workers alike, whether a name belongs to
another entry. Readers of the bus ask here before a lane gets anything.
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
    """Filter for all readers of one worker. ``repeated`` counts repeats that no other worker has counted."""

    def __init__(self, queue: QueuePort, link: QueueLink) -> None:
        self._queue = queue
        self._link = link
        self.repeated = 0

    def find(self, opened: Iterable[Opened]) -> frozenset[str]:
        """Return the ids of the entries that are repeats. Asks the queue, and waits for it, only if a message has
        an id.
        """
        named = names_in(opened)
        if not named:
            return NONE
        repeats = self._link.call(self._queue.bind, named)
        self.repeated += repeats.untold
        return repeats.ids


def names_in(opened: Iterable[Opened]) -> list[Named]:
    """Return the entries whose messages have a name, with that name.

    A rejected message has none: a message that is unsigned, or no JSON, uses up no id.
    """
    return [
        Named(entry.id, name)
        for entry, message in opened
        if message.id and isinstance(message, ServiceMessage) and (name := name_in(entry.raw, message)) is not None
    ]

"""BrokenKeys: logs keys in Redis that hold something else than they should.

Such a key costs one user or one cursor only. The queue finds out while it works; this file decides what the log says
and when.
"""

import logging
from collections.abc import Callable, Iterable, Sequence

from rtserver.base.queue.port import QueueError, QueuePort

LOOK_SECONDS = 1.0
MOST_NAMED = 5

log = logging.getLogger(__name__)


class BrokenKeys:
    """The keys that were broken a moment ago, in ``names``. Any thread may read it. ``pause`` waits for seconds.

    Of keys that the queue does not know, a function in ``sources`` tells; it may raise ``QueueError``.
    """

    def __init__(self, queue: QueuePort, pause: Callable[[float], object]) -> None:
        self._pause = pause
        self.sources: list[Callable[[], Iterable[str]]] = [queue.broken]
        self.names: tuple[str, ...] = ()

    def run(self) -> None:
        """Look every second, for ever. It costs Redis nothing while all keys are in order."""
        while True:
            self._pause(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Look once. Log each key that is newly broken, and each that is in order again.

        Without the link, which would take a look that asks Redis nothing for an answer of it.
        """
        try:
            names = tuple(name for source in self.sources for name in source())
        except QueueError:
            return  # other loops log that the queue is away
        for name in sorted(set(names) - set(self.names)):
            log.error("! %s holds something unreadable and counts as empty; does another program write it?", name)
        for name in sorted(set(self.names) - set(names)):
            log.info("= %s is in order again", name)
        self.names = names


def detail_of(names: Sequence[str]) -> str:
    """Return a line for people about the keys that are broken."""
    if not names:
        return "in order"
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"cannot be read, and count as empty: {', '.join(names[:MOST_NAMED])}{more}"

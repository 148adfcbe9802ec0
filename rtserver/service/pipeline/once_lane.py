"""OnceLane: turns the messages of a handler with ``delivery = "once"`` into work for all workers.

Instead of handling a message, the lane keeps it as a piece of work, named as on the bus. Every worker does so, and
the queue keeps each piece once. ``once_worker`` does the work.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Unpack

from rtserver.base.queue.port import START, Entry, Kept, QueuePort, number_of
from rtserver.service.message import ServiceMessage
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.lane import Lane, LaneOptions
from rtserver.service.queue_link import QueueLink


def stream_of(msg_type: str) -> str:
    """Return the derived stream of a type's work, which is the name of its cursor, too."""
    return f"once:{msg_type}"


class OnceInbox(ServiceMsgHandler):
    """Handler that stands in a lane for the handler whose messages it keeps."""

    msg_type = ""  # the lane has the handler's

    def __init__(self, handler: ServiceMsgHandler, queue: QueuePort, link: QueueLink) -> None:
        super().__init__(handler.services)
        self.handler = handler
        self._stream = stream_of(handler.msg_type)
        self._queue = queue
        self._link = link
        self._entries: list[Kept] = []

    def bind_thread(self) -> None:
        """See ``ThreadBound``. Binds the handler as well."""
        super().bind_thread()
        self.handler.bind_thread()

    def begins_behind(self, queue: QueuePort) -> str:
        """See ``ServiceMsgHandler``. Begins where any worker has been: nobody has kept what lies behind."""
        begins_at = queue.begin_keeping(self._stream)
        return begins_at if number_of(begins_at) else START

    def add(self, entry: Entry, message: ServiceMessage) -> None:
        """Add one message of the batch, as it came."""
        self._entries.append(Kept(self._stream, entry.id, entry.raw))

    def begin_flush(self) -> Callable[[], object] | None:
        """Begin to keep the batch. The end raises ``QueueError`` at the server's: then the next start keeps it."""
        entries, self._entries = self._entries, []
        if not entries:
            return None
        return self._link.begin(partial(self._queue.begin_keep, self._stream, entries[-1].id, entries))

    def forget(self) -> None:
        """See ``ServiceMsgHandler``."""
        self._entries = []

    def on_done(self, position: str) -> None:
        """See ``ServiceMsgHandler``. The cursor moves on even if no messages come."""
        if not self._entries:
            self._link.call(self._queue.keep, self._stream, position, ())

    def __call__(self, src: str, data: object) -> None:
        """Never called: the lane keeps its messages as they came."""
        raise NotImplementedError


class OnceLane(Lane):
    """A lane whose messages are kept as work. ``options`` are those of ``Lane``."""

    def __init__(self, inbox: OnceInbox, dead_letters: DeadLetters, **options: Unpack[LaneOptions]) -> None:
        super().__init__(inbox, dead_letters, msg_type=inbox.handler.msg_type, act=inbox.add, **options)

    def shun(self, entry_ids: Iterable[str]) -> None:
        """See ``Lane``. Keeping a message is no danger."""

"""SelectiveMsgHandler: a handler that leaves alone what nobody on its worker waits for.

A worker pays for an entry of the bus by what it does with it. An entry whose route names nobody here is not decoded:
the handler gets it as it came (``set_aside``), and does what must be done without viewers.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from rtserver.base.queue.port import Entry
from rtserver.service.msg_handler import RejectedPart, ServiceContext, ServiceMsgHandler


class Reopened(NamedTuple):
    """A message that was set aside: its entry and sender, its data, and what ``read`` has made of that."""

    entry: Entry
    src: str
    data: Any
    read: Any


class Reopen(Protocol):
    """Opens entries that were set aside."""

    def __call__(self, entries: Sequence[Entry], read: Callable[[Entry, Any], Any]) -> list[Reopened]:
        """Return the handler's messages among some entries. ``read`` checks the data of one, and raises ``BadData``.

        Repeats and poison are left out. What is no message becomes a dead letter, of which Redis keeps one, whoever
        else finds the fault. May wait. Raises ``QueueError`` at the server's end.
        """


class RejectPart(Protocol):
    """Sends a part of a message to the dead stream."""

    def __call__(self, entry: Entry, src: str, part: RejectedPart) -> None:
        """Add the dead letter."""


class SelectiveMsgHandler(ServiceMsgHandler):
    """Handler whose messages have routes.

    While it ``is_choosing``, entries whose route it does not want are set aside undecoded. ``entry`` is that of the
    message in hand, None for a caller that has none. The pipeline gives ``reopen`` and ``reject_later``.
    """

    def __init__(self, services: ServiceContext) -> None:
        super().__init__(services)
        self.is_choosing = False
        self.entry: Entry | None = None
        self.reopen: Reopen | None = None
        self.reject_later: RejectPart | None = None

    def wants(self, entry: Entry) -> bool:
        """Return whether somebody here waits for an entry, by its route. Asked for each: a microsecond at most."""
        raise NotImplementedError

    def set_aside(self, entry: Entry) -> None:
        """Take an entry that is not wanted, in the order of the bus, from the lane. It counts as done then."""
        raise NotImplementedError

    def take_late(self, entry: Entry) -> None:
        """Handle an entry that was not wanted when it was read, and is now. May wait."""
        raise NotImplementedError

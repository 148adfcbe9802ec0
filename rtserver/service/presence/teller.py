"""PresenceTeller: puts ``user_online`` and ``user_offline`` on the queue of a backend."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from rtserver.registry.presence import Event, PresenceTable
from rtserver.registry.presence_event import Write, tales_of
from rtserver.registry.presence_port import SLICE, PresencePort, Tale
from rtserver.registry.presence_scope import ALL
from rtserver.registry.running_server import asked
from rtserver.registry.user_place import Call


class PresenceTeller:
    """Every worker tells what it sees; the port lets each event through once. ``pause`` lets others work."""

    def __init__(
        self,
        port: PresencePort,
        write: Write,
        *,
        ended_ms: int,
        call: Call = asked,
        pause: Callable[[float], object],
    ) -> None:
        self._port = port
        self._write = write
        self._ended_ms = ended_ms
        self._call = call
        self._pause = pause

    def tell(self, events: Iterable[Event]) -> None:
        """Tell of events, in their order. Raises ``QueueError``."""
        for is_here, tales in tales_of(events, self._write):
            for first in range(0, len(tales), SLICE):
                self._tell(is_here, tales[first : first + SLICE])
                self._pause(0)

    def reconcile(self, table: PresenceTable) -> None:
        """Bring what was told up to a table that has just been made. Raises ``QueueError``.

        Whoever was told to be online and is not there lingers: the worker that knew more may be dead.
        """
        missing = set(table.present(ALL))
        for user in self._told():
            missing.discard(user)
            table.let_linger(ALL, user, table.now_ms + self._ended_ms)
        self.tell(Event(table.now_ms, ALL, user, True) for user in missing)

    def _told(self) -> Iterable[str]:
        cursor, is_first = "", True
        while cursor or is_first:
            users, cursor = self._call(partial(asked, partial(self._port.told, cursor)))
            yield from users
            is_first = False

    def _tell(self, is_here: bool, tales: Sequence[Tale]) -> None:
        tell = self._port.tell_online if is_here else self._port.tell_offline
        self._call(lambda: asked(partial(tell, tales)))

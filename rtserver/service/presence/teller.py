"""PresenceTeller: puts ``user_online`` and ``user_offline`` on the queue of a backend."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from rtserver.registry.presence import Event, PresenceTable
from rtserver.registry.presence_event import Write, tales_of
from rtserver.registry.presence_port import PresencePort
from rtserver.registry.presence_scope import ALL
from rtserver.registry.running_server import asked
from tcelib.lease.telling import SLICE, Tale


class PresenceTeller:
    """Every worker tells what it sees; the port lets each event through once. ``pause`` lets others work."""

    def __init__(
        self,
        port: PresencePort,
        write: Write,
        *,
        ended_ms: int,
        pause: Callable[[float], object],
    ) -> None:
        self._port = port
        self._write = write
        self._ended_ms = ended_ms
        self._pause = pause

    def tell(self, events: Iterable[Event]) -> None:
        """Tell of events, in their order. Raises ``QueueError``."""
        for is_here, tales in tales_of(events, self._write):
            for first in range(0, len(tales), SLICE):
                self._tell(is_here, tales[first : first + SLICE])
                self._pause(0)

    def reconcile(self, table: PresenceTable, *, is_new: bool) -> None:
        """Bring what was told up to a table. Raises ``QueueError``.

        If the table ``is_new``, whoever was told to be online and is not there lingers: the worker that knew more may
        be dead.
        """
        present, now_ms = set(table.present(ALL)), table.now_ms
        told: set[str] = set()
        for user in self._told():
            told.add(user)
            if is_new:
                table.let_linger(ALL, user, now_ms + self._ended_ms)
        self.tell(Event(now_ms, ALL, user, True) for user in present - told)
        if not is_new:
            self.tell(Event(now_ms, ALL, user, False) for user in told - present)

    def _told(self) -> Iterable[str]:
        cursor, is_first = "", True
        while cursor or is_first:
            users, cursor = asked(partial(self._port.told, cursor))
            yield from users
            is_first = False

    def _tell(self, is_here: bool, tales: Sequence[Tale]) -> None:
        tell = self._port.tell_online if is_here else self._port.tell_offline
        asked(partial(tell, tales))

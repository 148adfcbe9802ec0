# ruff: noqa: N802  the names that TCE's users know
"""An adapter: servants, and the connections whose calls they serve."""

from collections.abc import Callable
from typing import Any, Self

from tcelib.core.connection import RpcConnection
from tcelib.core.servant import Routes, Servant, ServantTable
from tcelib.wire.message import RpcMessage


class RpcCommAdapter:
    """Servants of several connections, and the connection of each user.

    ``id`` names it for people; ``ep`` is the endpoint that it listens on, if it does. The program
    that accepts or opens connections adds them; a lost one leaves by itself, and comes back with its next stream.
    ``is_silent``: its clients are sent no errors, because they take them for answers.
    """

    is_silent = False

    def __init__(self, id: str = "", ep: Any = None) -> None:  # noqa: A002
        self.id = id
        self.ep = ep
        self.table = ServantTable()
        self.connections: set[RpcConnection] = set()
        self.dropped_answers = 0
        """Answers on its connections that answer no call that waits."""
        self.on_stop: Callable[[], object] = lambda: None
        """Ends what the program has opened for the adapter to listen on or to read."""
        self._users: dict[str, RpcConnection] = {}
        self._known: dict[str, set[RpcConnection]] = {}  # the accepted connections of a user who is known

    def start(self) -> Self:
        """Do nothing: an adapter listens from its creation on. For programs of the original TCE."""
        return self

    def stop(self) -> None:
        """Listen no more, and read no more; what runs is waited for."""
        self.on_stop()

    @property
    def routes(self) -> Routes:
        """The entry of each route that is served."""
        return self.table.routes

    def addServant(self, servant: Servant) -> Self:
        """Serve all interfaces of ``servant``. ``ValueError`` if another interface has one of their indexes."""
        self.table.add(servant)
        return self

    def addAlias(self, index: int, of: int) -> Self:
        """Serve the interface with the index ``of`` by ``index``, too: modules made by the original JavaScript
        compiler count their interfaces from 0, whatever index the IDL gives them (TCE protocol, section 5.4).

        To be called after ``addServant``. ``ValueError`` if ``of`` is not served, or ``index`` taken.
        """
        self.table.add_alias(index, of)
        return self

    def addConnection(self, conn: RpcConnection) -> Self:
        """Serve the calls that come over ``conn``, which leaves the adapter it had."""
        conn.attachAdapter(self)
        return self

    def removeConnection(self, conn: RpcConnection) -> None:
        """Serve ``conn`` no more; without an adapter, its calls are answered with INTERFACE_NOTFOUND."""
        if conn.adapter is self:
            conn.detachAdapter()

    def getUserConnection(self, userid: str) -> RpcConnection | None:
        """The connection of a user: of several, the one that was given the id last."""
        return self._users.get(str(userid))

    def home_of(self, sequence: int, conn: RpcConnection) -> RpcConnection | None:
        """The other connection on which the user of ``conn`` was called with this number and the call still waits.

        Who the user is, and that he is known, is what the program said of both connections; nothing that stands in a
        packet counts. Connections that this side has opened lead to servers, which answer for themselves only.
        """
        others = self._known.get(conn.getUserId(), set()) if conn.is_user_known else set()
        if conn not in others:
            return None
        waiting = (each for each in others if each is not conn and each.calls.is_waiting_for(sequence))
        return next((each for each in waiting if each.transport.is_mine()), None)

    def sendMessage(self, m: RpcMessage) -> bool:
        """Send a message to the user that it names; whether there is such a user here."""
        conn = self.getUserConnection(m.user_id)
        if conn is not None:
            conn.sendMessage(m)
        return conn is not None

    def enter(self, conn: RpcConnection) -> None:
        """``conn`` is connected, or belongs here now, or has another user."""
        self.connections.add(conn)
        if conn.getUserId():
            self._users[conn.getUserId()] = conn
        if conn.is_user_known and not conn.calls.can_reconnect:
            self._known.setdefault(conn.getUserId(), set()).add(conn)

    def leave(self, conn: RpcConnection) -> None:
        """``conn`` is lost, or belongs here no more, or will have another user."""
        self.connections.discard(conn)
        if self._users.get(conn.getUserId()) is conn:
            del self._users[conn.getUserId()]
        known = self._known.get(conn.getUserId(), set())
        known.discard(conn)
        if not known:
            self._known.pop(conn.getUserId(), None)

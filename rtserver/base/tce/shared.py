"""State that the TCE connections of one server share."""

from rtserver.base.connection.carrier import Carrier
from rtserver.base.connection.handler import RefusalReasons
from rtserver.base.tce.counts import TceCounts
from rtserver.base.tce.passage import OpenPassage
from tcelib.core.adapter import RpcCommAdapter
from tcelib.limit.admission import Admission
from tcelib.limit.pending import PendingConnections
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES


class TceShared:
    """Servants, counts and bounds of all TCE connections. Belongs to the event loop's thread.

    The servants of ``adapter`` serve the calls of all connections. ``max_packet_bytes`` bounds a packet of a known
    user. A client whose user is not known has ``login_seconds`` to show a token, and is pending for ``admission``
    until then. ``reasons`` give the reason of a refused token for the log. ``open_passage`` makes the object that
    passes calls of a connection on to services; None where there are no such services.
    """

    def __init__(
        self,
        adapter: RpcCommAdapter,
        admission: Admission,
        *,
        max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES,
        login_seconds: float = 10.0,
        reasons: RefusalReasons | None = None,
        open_passage: OpenPassage | None = None,
    ) -> None:
        self.adapter = adapter
        self.open_passage = open_passage
        self.max_packet_bytes = max_packet_bytes
        self.login_seconds = login_seconds
        self.reasons = reasons
        self.counts = TceCounts()
        self.pending: PendingConnections[Carrier] = PendingConnections(admission, "token")
        """Connections that have not shown a token yet."""

    @property
    def messages(self) -> int:
        """Number of TCE messages that have come."""
        return self.counts.messages + sum(rpc.getRecvedMessageCount() for rpc in self.adapter.connections)

"""The base of applications' listeners."""

from tcelib.core.connection import RpcConnection
from tcelib.wire.message import RpcMessage


class RpcConnectionEventListener:
    """An application's view of its connections; each method may be overridden."""

    def onConnected(self, conn: RpcConnection) -> None:  # noqa: N802  the name that TCE's users know
        """Note that bytes can flow."""

    def onDisconnected(self, conn: RpcConnection) -> None:  # noqa: N802
        """Note that bytes cannot flow any more; pending calls have failed."""

    def onDataPacket(self, conn: RpcConnection, msg: RpcMessage) -> bool:  # noqa: N802
        """Return whether ``msg``, which has come and been counted, is served; false closes the connection unread.

        The place to log a peer in: ``conn.getRecvedMessageCount() == 1`` and ``__token__`` in ``msg.extra.props``.
        """
        return True

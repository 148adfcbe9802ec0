"""What a servant is told about the call it serves."""

from typing import TYPE_CHECKING, Any

from tcelib.wire.message import Packet, RpcMessage

if TYPE_CHECKING:
    from tcelib.core.connection import RpcConnection


class RpcContext:
    """The call: ``conn`` is the connection it came on (make a proxy on it to call back), ``msg`` the message.

    The message is looked at when it is first asked for, because most servants never do.
    """

    __slots__ = ("_msg", "_packet", "conn")

    def __init__(self, conn: "RpcConnection", packet: Packet) -> None:
        self.conn = conn
        self._packet = packet
        self._msg: RpcMessage | None = None

    @property
    def msg(self) -> RpcMessage:
        """The call with all its fields: ``ctx.msg.extra.props``, ``ctx.msg.sequence``, ..."""
        if self._msg is None:
            self._msg = self.conn.message_of(self._packet)
        return self._msg

    @property
    def user(self) -> Any:
        """Whatever the program that accepted the connection knows about its user (``conn.user``)."""
        return self.conn.user

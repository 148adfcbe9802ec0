"""A TCE client on a TCP socket: packets in, packets out, nothing around them (TCE protocol, section 1)."""

import asyncio
import socket
from collections.abc import Awaitable

from rtserver.base.connection.owner import Environment
from rtserver.base.connection.packet import PacketConnection
from rtserver.base.limit.table import Limit
from rtserver.base.wire.client_message import encode
from rtserver.base.wire.close_code import CloseCode


class TceConnection(PacketConnection):
    """An open socket. Its end is told to the client as a message, ``closed``, as TCP has no close frame."""

    gets_packets = True
    join_packets = staticmethod(b"".join)
    kind = "tce"
    may_compress = True
    is_framed = False

    __slots__ = ("_code", "_is_closing", "framing")

    def __init__(self, environment: Environment, connection: socket.socket, remote_ip: str) -> None:
        super().__init__(environment, connection, remote_ip)
        self._code: int = CloseCode.ABNORMAL
        self._is_closing = False

    @property
    def is_open(self) -> bool:
        """Whether a push still has a chance to arrive."""
        return not self._is_over and not self._is_closing

    @property
    def _is_done(self) -> bool:
        return self._is_closing

    @property
    def _close_code(self) -> int:
        return self._code

    def close(self, code: int, reason: str = "") -> None:
        """Say so, and end. The owner is told before this returns; the socket goes within two seconds."""
        if not self.is_open:
            return
        self.outbox.push(self.framing(encode("closed", {"code": code, "reason": reason})))
        self.outbox.shut()
        self._is_closing = True
        self._code = code
        self.flush()
        if not self._stream.is_closed:
            self._finish()

    def _on_bytes(self, data: bytes) -> None:
        """One buffer: everything in it to whoever listens, then what it led to in one write."""
        if self._is_closing:
            return
        delay, begun = 0.0, self._environment.now()
        if self.rate is not None:
            delay = self.rate.owe_bytes(begun, len(data))
        try:
            pending = self._listener.on_binary(self.session, data)
        except BaseException as error:  # noqa: BLE001 (an owner may raise anything; it is logged and costs this connection)
            self._on_error(error)
            return
        if delay:
            self._environment.admission.counted.note(Limit.BYTES)
            self._stop_reading_for(_until_then(pending, delay))
        elif pending is None and self.is_full():
            self._stop_reading_for(self.relieved())
        elif pending is None:
            self._settle()
        else:
            self._stop_reading_for(pending)
        if self._share is not None:
            self._share.spend(begun)

    def _settle(self) -> None:
        self.flush()


async def _until_then(pending: Awaitable[object] | None, delay: float) -> None:
    if pending is not None:
        await pending
    await asyncio.sleep(delay)

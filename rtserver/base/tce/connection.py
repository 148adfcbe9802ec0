"""Reading half of a TCE client's TCP socket: packets with nothing around them (TCE protocol, section 1)."""

import asyncio
from collections.abc import Awaitable

from rtserver.base.connection.connection import Connection
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.limit.table import Limit
from rtserver.base.wire.client_message import encode


class PacketReceiver:
    """See ``Receiver``. The end is told to the client as a message, ``closed``, because TCP has no close frame."""

    __slots__ = ("_connection", "share")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.share: FairShare | None = None

    def on_accept(self) -> None:
        """See ``Receiver``."""

    def on_bytes(self, data: bytes) -> None:
        """Hand one buffer to the binary peer, then flush what it led to in one write."""
        connection = self._connection
        if connection.is_done:
            return
        connection.is_flush_due = True
        shared = connection.shared
        delay, begun = 0.0, shared.now()
        if connection.rate is not None:
            delay = connection.rate.owe_bytes(begun, len(data))
        try:
            pending = connection.receive_binary(data)
        except BaseException as error:  # noqa: BLE001 (a handler may raise anything; it is logged and costs this connection)
            connection.fail(error)
            return
        if delay:
            shared.limited.note(Limit.BYTES)
            connection.stop_reading_for(_until_then(pending, delay))
        elif pending is not None:
            connection.stop_reading_for(pending)
        elif connection.is_full():
            connection.stop_reading_for(connection.relieved())
        else:
            connection.flush()
        if self.share is not None:
            self.share.spend(begun)

    def settle(self) -> None:
        """See ``Receiver``."""
        self._connection.flush()

    def say_close(self, code: int, reason: str) -> None:
        """See ``Receiver``."""
        connection = self._connection
        connection.outbox.push(connection.framing(encode("closed", {"code": code, "reason": reason})))
        connection.is_done = True

    def end(self) -> None:
        """See ``Receiver``."""


async def _until_then(pending: Awaitable[object] | None, delay: float) -> None:
    if pending is not None:
        await pending
    await asyncio.sleep(delay)

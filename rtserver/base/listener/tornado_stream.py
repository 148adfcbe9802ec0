"""A connection of Tornado's HTTP server that keeps to our limits: it is counted, has deadlines and strict heads.

Tornado asks for each head by ``read_until_regex``; there a request is timed, checked and admitted. ``HttpAdmission``
decides about the number of requests and the form of their heads.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable
from contextlib import suppress
from types import TracebackType
from typing import TypeAlias

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError, UnsatisfiableReadError

from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.listener.http_admission import HttpAdmission
from rtserver.base.listener.last_answer import http_error
from rtserver.base.wire.handshake import HandshakeError, refusal
from rtserver.base.wire.http_head import MAX_HEAD_BYTES
from tcelib.limit.too_many import TooMany, TryLaterError

log = logging.getLogger(__name__)

UNREAD_SECONDS = 30.0
"""Time for a peer to take some of an answer, or to acknowledge it, before the system ends the connection."""

ExcInfo: TypeAlias = (
    bool | BaseException | tuple[type[BaseException] | None, BaseException | None, TracebackType | None] | None
)


class TornadoStream(IOStream):
    """Stream of a connection that counts for ``ip`` until it is closed; ``ip`` is None for one that does not count.

    ``peer`` is the address of the other end, ``first`` the bytes that have been read from the connection.
    """

    def __init__(
        self, connection: socket.socket, http_admission: HttpAdmission, peer: str, ip: str | None, first: bytes = b""
    ) -> None:
        self._http_admission = http_admission
        self._peer = peer
        self._ip = self._counted_ip = ip
        self._first = memoryview(first)
        self._timer: Timer | None = None
        with suppress(OSError):  # the peer has left already
            _expect_reading(connection, UNREAD_SECONDS)
        super().__init__(connection)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read the next bytes into ``buf``. Called by Tornado."""
        if not self._first:
            return super().read_from_fd(buf)
        count = min(len(self._first), len(buf))
        buf[:count] = self._first[:count]
        self._first = self._first[count:]
        return count

    def read_until_regex(self, regex: bytes, max_bytes: int | None = None) -> Awaitable[bytes]:
        """Return the head of an admitted request; any other closes the stream. Called by Tornado for each head."""
        return self._read_head(regex)

    def turn_away(self, error: TryLaterError) -> None:
        """End the connection: with an answer if a request has begun, without one if it is idle."""
        if self._timer is None:
            self.close()
        else:
            self._refuse(http_error(error))

    def close(self, exc_info: ExcInfo = False) -> None:
        """Close, with an answer to a head that is too long: Tornado would give none. Called by Tornado and here."""
        if self._timer is not None and isinstance(exc_info, UnsatisfiableReadError):
            self._say(HandshakeError(431, "a head over 16 KiB"))
        super().close(exc_info)

    def close_fd(self) -> None:
        """Close the socket. Called by Tornado when nothing will be read or written any more."""
        self._end_waiting()
        super().close_fd()
        self.give_back()

    def hand_over(self) -> None:
        """Let go of a connection whose new owner counts it and sets its own deadlines."""
        self.give_back()
        with suppress(OSError):
            _expect_reading(self.socket, 0.0)

    def give_back(self) -> None:
        """Stop counting the connection."""
        if self._counted_ip is not None:
            self._http_admission.admission.leave(self._counted_ip)
            self._counted_ip = None

    async def _read_head(self, regex: bytes) -> bytes:
        try:
            head = await self._next_head(regex)
            self._end_waiting()
            self._http_admission.admit(self._peer, head)
        except HandshakeError as error:
            self._refuse(error)
            raise StreamClosedError from None
        except TooMany as error:
            self._refuse(http_error(error))
            raise StreamClosedError from None
        finally:
            self._end_waiting()
        return head

    async def _next_head(self, regex: bytes) -> bytes:
        """Return the next bytes up to an empty line. A connection is pending only while it lets us wait."""
        start = asyncio.ensure_future(self.read_bytes(1))
        is_waiting = not start.done()
        if is_waiting:
            self._await_request()
        head = await start
        self._timer = self._http_admission.arm(self._on_late)
        rest = asyncio.ensure_future(super().read_until_regex(regex, max_bytes=MAX_HEAD_BYTES - 1))
        if not (is_waiting or rest.done()):
            self._http_admission.waiting.enter(self, self._ip)
        return head + await rest

    def _await_request(self) -> None:
        try:
            self._http_admission.waiting.enter(self, self._ip)
        except TooMany as error:
            log.info("! %s: an idle connection ends: %s", self._peer, error)
            self.close()

    def _end_waiting(self) -> None:
        self._http_admission.waiting.leave(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_late(self) -> None:
        self._refuse(HandshakeError(408, "the request did not come in time"))

    def _refuse(self, error: HandshakeError) -> None:
        if not self.closed():
            self._say(error)
            self.close()

    def _say(self, error: HandshakeError) -> None:
        """Answer in the place of Tornado, which has answered all requests before this one."""
        log.info("! %s: %s", self._peer, error)
        with suppress(OSError):
            self.socket.send(refusal(error))
            socket.socket.shutdown(self.socket, socket.SHUT_WR)
            # What is unread would reset the connection, and the answer with it.
            self.socket.recv(MAX_HEAD_BYTES)


class SecureTornadoStream(TornadoStream, SSLIOStream):
    """Stream over TLS, whose handshake is complete; Tornado finds that out by itself."""


def _expect_reading(connection: socket.socket, seconds: float) -> None:
    """Let the system end a connection whose peer takes nothing for so long; 0 is never. Raises ``OSError``."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))

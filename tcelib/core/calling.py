# ruff: noqa: N802  the names that TCE's users know
"""The calling side of a connection: calls out, answers in.

Everything happens where the connection lives. Another thread's call makes its promise there and hands the rest over.
"""

import logging
import math
from typing import Any, TypeVar

from tcelib.core.call_option import DEFAULT_CALL_TIMEOUT, call_options
from tcelib.core.call_table import CallTable, next_sequence
from tcelib.core.cesu import halved
from tcelib.core.link import Link
from tcelib.core.liveness import Liveness, LivenessAction
from tcelib.core.operation import Operation
from tcelib.core.port import Transport
from tcelib.core.promise import RpcPromise
from tcelib.error import (
    RPCERROR_CONNECTION_LOST,
    RPCERROR_DATADIRTY,
    RPCERROR_TIMEOUT,
    RPCERROR_UNSERIALIZE_FAILED,
    RpcException,
)
from tcelib.wire.codec import MALFORMED, UNSENDABLE
from tcelib.wire.message import CALL, DEVICE_ID, ONEWAY, SEQUENCE, TOKEN, Extra, Packet, split_extra
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES

QUESTION = 0x7FFF0000
"""The last interface that all languages can name, operation 0: nobody is likely to serve it."""
R = TypeVar("R")
log = logging.getLogger("tce.connection")


class Calling(Link):
    """``call_timeout`` is what a call without a timeout of its own gets, in seconds; 0 and None mean 30.

    ``speaks_cesu8``: texts are written as the original JavaScript client reads them.
    ``can_reconnect``: the transport opens another stream for the next call, so that a silent peer may be given up.
    """

    def __init__(
        self,
        transport: Transport,
        max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES,
        call_timeout: float | None = DEFAULT_CALL_TIMEOUT,
    ) -> None:
        self.call_timeout = call_timeout
        self.can_reconnect = False
        self.speaks_cesu8 = False
        self._greeting: dict[str, str] = {}
        self._question = -1  # the number of the last call that only asked whether somebody is there
        self._calls = CallTable()
        super().__init__(transport, max_packet_bytes)

    def setToken(self, token: str, device_id: str = "") -> None:
        """Show ``token`` with the next call, and with the first one of each new stream."""
        self._greeting = {TOKEN: token}
        if device_id:
            self._greeting[DEVICE_ID] = device_id
        self._is_greeting_due = True

    def call(
        self,
        operation: Operation[R],
        args: tuple[Any, ...],
        timeout: float | None = None,
        extra: Extra | None = None,
        *,
        at_once: bool = False,
    ) -> RpcPromise[R]:
        """Send a call; the promise of its answer. ``at_once`` writes it, and what was kept back, before it returns.

        Raises ``RpcException`` (DATADIRTY) for arguments that do not fit; what goes wrong later is the promise's
        exception: SENDFAILED, CONNECT_*, CONNECTION_LOST, TIMEOUT after ``timeout`` seconds (None or 0:
        ``call_timeout``; ``math.inf``: never), or what the answer says. ``call_options`` reads the last two.
        """
        params = self._write_params(operation, args)
        timeout, extra = call_options(timeout, extra)
        promise: RpcPromise[R] = RpcPromise(self.transport)
        deadline = self.transport.now() + (timeout or self.call_timeout or DEFAULT_CALL_TIMEOUT)
        promise.deadline = deadline
        if self.transport.is_mine():
            self._start(operation, promise, deadline, count=len(args), extra=extra, params=params)
            if at_once:
                self._flush_for(promise)
        else:
            self.transport.hand_over(
                lambda: self._start(operation, promise, deadline, count=len(args), extra=extra, params=params)
            )
        return promise

    def send(self, operation: Operation[Any], args: tuple[Any, ...], extra: Extra | None = None) -> None:
        """Send a one-way call. Raises ``RpcException``: DATADIRTY, SENDFAILED, CONNECT_*.

        From another thread only DATADIRTY; what goes wrong later is logged.
        """
        params = self._write_params(operation, args)
        if self.transport.is_mine():
            self._send_now(operation, len(args), extra, params)
        else:
            self.transport.hand_over(lambda: self._send_late(operation, len(args), extra, params))

    def flush(self) -> None:
        """Write what was kept back. Raises ``RpcException`` (SENDFAILED, CONNECT_*)."""
        try:
            super().flush()
        except RpcException:
            self._is_greeting_due = True  # it may have been among what was not sent
            raise

    def next_deadline(self) -> float | None:
        """When ``expire`` has something to do, at the earliest; None if there is no such time."""
        deadline = min(self._calls.deadline, self._liveness.until)
        return None if math.isinf(deadline) else deadline

    def expire(self, now: float) -> None:
        """End the calls whose time is over, and a stream whose peer does not even say that it is there."""
        is_silent = self._calls.expire(now, self._liveness.heard)
        if self.is_open and self.can_reconnect:
            verdict = self._liveness.judge(now, is_silent, self._calls.latest)
            if verdict is LivenessAction.ASK:
                self._ask_peer()
            elif verdict is LivenessAction.GIVE_UP:
                self._give_up()

    def _ask_peer(self) -> None:
        """Call what nobody serves: any answer will do."""
        try:
            self._question = next_sequence()
            self._push(self._build(self._question, CALL, QUESTION))
        except RpcException as error:
            log.debug("a silent peer was not asked: %s", error)

    def _give_up(self) -> None:
        log.warning("! closed: the peer has been silent, and does not answer")
        self.transport.close()
        self.lost(RpcException(RPCERROR_CONNECTION_LOST, "the peer has been silent, and does not answer"))

    def lost(self, error: RpcException | None = None) -> None:
        """The stream has ended; see ``RpcConnection``."""
        raise NotImplementedError

    def _begin_stream(self) -> None:
        super()._begin_stream()
        self._liveness = Liveness()
        self._is_greeting_due = True

    def _start(
        self,
        operation: Operation[R],
        promise: RpcPromise[R],
        deadline: float,
        *,
        count: int,
        extra: Extra | None,
        params: bytes,
    ) -> None:
        if self.transport.now() >= deadline:  # this thread was busy until now, and nobody waits any more
            promise.set_exception(RpcException(RPCERROR_TIMEOUT, f"{operation.full_name} was not sent in time"))
            return
        sequence = self._calls.add(operation, promise, deadline, self._liveness.heard)
        try:
            if self.is_open:
                self.transport.make_room(deadline)
            self._send_call(sequence, CALL, operation, count=count, extra=extra, params=params)
        except RpcException as error:
            self._calls.take(sequence)
            promise.set_exception(error)

    def _flush_for(self, promise: RpcPromise[R]) -> None:
        try:
            self.flush()
        except RpcException as error:
            promise.set_exception(error)

    def _send_now(self, operation: Operation[Any], count: int, extra: Extra | None, params: bytes) -> None:
        deadline = self.transport.now() + (self.call_timeout or DEFAULT_CALL_TIMEOUT)
        if self.is_open:
            self.transport.make_room(deadline)
        self._send_call(next_sequence(), CALL | ONEWAY, operation, count=count, extra=extra, params=params)
        if not self.is_open:
            self.transport.until_open(deadline)

    def _send_late(self, operation: Operation[Any], count: int, extra: Extra | None, params: bytes) -> None:
        try:
            self._send_now(operation, count, extra, params)
        except RpcException as error:
            log.warning("! %s was not sent: %s", operation.full_name, error)

    def _send_call(
        self,
        sequence: int,
        calltype: int,
        operation: Operation[Any],
        *,
        count: int,
        extra: Extra | None,
        params: bytes,
    ) -> None:
        if self._is_greeting_due and self._greeting:
            extra = {**self._greeting, **(extra or {})}
        count = min(count, 0xFF)
        try:
            packet = self._build(sequence, calltype, operation.route, paramsize=count, extra=extra, params=params)
        except UNSENDABLE as error:  # the parameters are bytes already
            raise RpcException(RPCERROR_DATADIRTY, f"{operation.full_name}: extra values: {error}") from error
        self._is_greeting_due = False
        self._push(packet)

    def _fail(self, packet: Packet, reason: str) -> None:
        """End the call whose answer cannot be read."""
        call = self._calls.take(packet[0][SEQUENCE])
        if call is not None:
            operation, promise, _ = call
            promise.set_exception(RpcException(RPCERROR_UNSERIALIZE_FAILED, f"{operation.full_name}: {reason}"))

    def _take_stray_answer(self, packet: Packet) -> None:
        """An answer to no call that waits here: it comes too late, or answers somebody else's."""
        raise NotImplementedError

    def _take_answer(self, packet: Packet) -> None:
        (*_, sequence, _, _, errcode, _, _, extra_count), rest = packet
        call = self._calls.take(sequence)
        if call is None:
            if sequence != self._question:
                self._take_stray_answer(packet)
            return
        operation, promise, _ = call
        if errcode:
            promise.set_exception(RpcException(errcode, f"{operation.full_name} failed at the peer"))
            return
        try:
            if extra_count:
                _, rest = split_extra(extra_count, rest)
            result = operation.read_result(rest)
        except MALFORMED as error:
            self._complaints.add("a result that cannot be read", f"{operation.full_name}: {error}")
            promise.set_exception(RpcException(RPCERROR_UNSERIALIZE_FAILED, f"{operation.full_name}: {error}"))
        else:
            promise.set_result(result)

    def _write_params(self, operation: Operation[Any], args: tuple[Any, ...]) -> bytes:
        try:
            return operation.write_params(*(halved(args) if self.speaks_cesu8 else args))
        except UNSENDABLE as error:
            raise RpcException(RPCERROR_DATADIRTY, f"{operation.full_name}: {error}") from error

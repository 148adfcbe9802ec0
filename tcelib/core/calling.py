"""The calling side of a connection: calls out, answers in.

Everything happens in the connection's thread. A call from another thread makes its promise there and hands the rest
over.
"""

import logging
import math
from functools import partial
from typing import Any, TypeVar

from tcelib.core.call_option import DEFAULT_CALL_TIMEOUT, call_options
from tcelib.core.call_table import CallTable, next_sequence
from tcelib.core.cesu import halved
from tcelib.core.link import Link
from tcelib.core.liveness import Liveness, LivenessAction
from tcelib.core.operation import Operation
from tcelib.core.promise import RpcPromise
from tcelib.error import (
    RPCERROR_DATADIRTY,
    RPCERROR_TIMEOUT,
    RPCERROR_UNSERIALIZE_FAILED,
    RpcException,
)
from tcelib.wire.codec import MALFORMED, UNSENDABLE
from tcelib.wire.message import CALL, DEVICE_ID, ONEWAY, TOKEN, Extra, Header, Packet, split_extra

QUESTION = 0x7FFF0000
"""The last interface that all languages can name, operation 0: hardly any program serves it."""
ONE_WAY_CALL = CALL | ONEWAY
MOST_COUNTED = 0xFF  # parameters: the field for their number is a byte, which nobody reads
R = TypeVar("R")
log = logging.getLogger("tce.connection")


class Calls:
    """Calls of one connection. A call without a timeout gets ``call_timeout``, in seconds; 0 and None mean 30.

    ``can_reconnect``: the transport opens another stream for the next call, so a silent peer may be given up.
    ``speaks_cesu8``: texts are written as the original JavaScript client reads them.
    ``standing_extra`` holds extra values that every call carries.
    """

    __slots__ = (
        "_greeting",
        "_link",
        "_liveness",
        "_question",
        "_sharers",
        "_table",
        "call_timeout",
        "can_reconnect",
        "speaks_cesu8",
        "standing_extra",
    )

    def __init__(self, link: Link, call_timeout: float | None = DEFAULT_CALL_TIMEOUT) -> None:
        self.call_timeout = call_timeout
        self.can_reconnect = False
        self.speaks_cesu8 = False
        self.standing_extra: dict[str, str] = {}
        self._link = link
        self._liveness = Liveness()
        self._greeting: dict[str, str] = {}
        self._question: int | None = None  # the number of the last call that only asked whether the peer is there
        self._table = CallTable()
        self._sharers: list[Calls] = []  # calls of other connections whose answers come here

    def __len__(self) -> int:
        """Return the number of calls that wait for their answers."""
        return len(self._table)

    def greet_with(self, token: str, device_id: str = "") -> None:
        """Send ``token`` with the next call, and with the first call of each new stream."""
        self._greeting = {TOKEN: token}
        if device_id:
            self._greeting[DEVICE_ID] = device_id
        self._link.is_greeting_due = True

    def call(
        self,
        operation: Operation[R],
        args: tuple[Any, ...],
        timeout: float | None = None,
        extra: Extra | None = None,
        *,
        at_once: bool = False,
    ) -> RpcPromise[R]:
        """Send a call and return the promise of its answer. See ``RpcConnection.call``."""
        params = self._write_params(operation, args)
        timeout, extra = call_options(timeout, extra)
        transport = self._link.transport
        promise: RpcPromise[R] = RpcPromise(transport)
        deadline = transport.now() + (timeout or self.call_timeout or DEFAULT_CALL_TIMEOUT)
        promise.deadline = deadline
        if transport.is_mine():
            self._start(operation, promise, deadline, count=len(args), extra=extra, params=params)
            if at_once:
                self._flush_for(promise)
        else:
            start = partial(self._start, operation, promise, deadline, count=len(args), extra=extra, params=params)
            transport.hand_over(start)
        return promise

    def send(self, operation: Operation[Any], args: tuple[Any, ...], extra: Extra | None = None) -> None:
        """Send a one-way call. See ``RpcConnection.send``."""
        params = self._write_params(operation, args)
        link, count = self._link, len(args)
        transport = link.transport
        if not transport.is_mine():
            transport.hand_over(partial(self._send_late, operation, count, extra, params))
        elif link.is_open and not (extra or link.is_greeting_due or self.standing_extra or count > MOST_COUNTED):
            # The usual one, with as few steps as can be.
            transport.make_room(self.call_timeout or DEFAULT_CALL_TIMEOUT)
            link.push(link.build(next_sequence(), ONE_WAY_CALL, operation.route, count, params))
        else:
            self._send_now(operation, count, extra, params)

    def next_deadline(self) -> float | None:
        """Return the earliest time at which ``expire`` has something to do; None if there is no such time."""
        deadline = min(self._table.deadline, self._liveness.until)
        return None if math.isinf(deadline) else deadline

    def expire(self, now: float) -> bool:
        """End the calls whose time is over. Return true if the peer is silent and must be given up."""
        is_silent = self._table.expire(now, self._liveness.heard)
        if not self._link.is_open or not self.can_reconnect:
            return False
        action = self._liveness.judge(now, is_silent, self._table.latest)
        if action is LivenessAction.ASK:
            self._ask_peer()
        return action is LivenessAction.GIVE_UP

    def hear(self) -> None:
        """Note that the peer has sent bytes."""
        self._liveness.heard += 1

    def take_answers_of(self, other: "Calls") -> None:
        """Complete the calls of ``other``, too, when their answers come here."""
        if other not in self._sharers:
            self._sharers.append(other)

    def is_waiting_for(self, sequence: int) -> bool:
        """Return whether a call with this number waits for its answer."""
        return self._table.is_waiting(sequence)

    def take_answer(self, packet: Packet) -> bool:
        """Complete the call that ``packet`` answers. Return false if no call waits for it here."""
        (_, _, _, _, _, sequence, _, _, errcode, _, _, extra_count), rest = packet
        call = self._table.take(sequence)
        if call is None:
            sharer = self._sharer(sequence)
            return sequence == self._question if sharer is None else sharer.take_answer(packet)
        operation, promise, _ = call
        if errcode:
            promise.set_exception(RpcException(errcode, f"{operation.full_name} failed at the peer"))
            return True
        try:
            if extra_count:
                _, rest = split_extra(extra_count, rest)
            result = operation.read_result(rest)
        except MALFORMED as error:
            self._link.complaints.add("a result that cannot be read", f"{operation.full_name}: {error}")
            promise.set_exception(RpcException(RPCERROR_UNSERIALIZE_FAILED, f"{operation.full_name}: {error}"))
        else:
            promise.set_result(result)
        return True

    def fail(self, packet: Packet, reason: str) -> None:
        """End the call whose answer is in ``packet`` and cannot be read."""
        sequence = Header.of(packet).sequence
        call = self._table.take(sequence)
        if call is not None:
            operation, promise, _ = call
            promise.set_exception(RpcException(RPCERROR_UNSERIALIZE_FAILED, f"{operation.full_name}: {reason}"))
        elif (sharer := self._sharer(sequence)) is not None:
            sharer.fail(packet, reason)

    def fail_all(self, error: RpcException) -> None:
        """End all calls with ``error``: their stream is over."""
        self._liveness = Liveness()
        self._table.fail_all(error)

    def abandon(self, error: RpcException) -> None:
        """Forget all calls, in a child process. ``error`` is for those who ask later."""
        self._liveness = Liveness()
        self._table.abandon(error)

    def _sharer(self, sequence: int) -> "Calls | None":
        return next((other for other in self._sharers if other.is_waiting_for(sequence)), None)

    def _ask_peer(self) -> None:
        """Call an operation that no peer serves: any answer will do."""
        try:
            self._question = next_sequence()
            self._link.push(self._link.build(self._question, CALL, QUESTION))
        except RpcException as error:
            log.debug("a silent peer was not asked: %s", error)

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
        link = self._link
        if link.transport.now() >= deadline:  # this thread was busy until now, and nobody waits any more
            promise.set_exception(RpcException(RPCERROR_TIMEOUT, f"{operation.full_name} was not sent in time"))
            return
        sequence = self._table.add(operation, promise, deadline, self._liveness.heard)
        try:
            if link.is_open:
                link.transport.make_room(deadline - link.transport.now())
            self._send_call(sequence, CALL, operation, count=count, extra=extra, params=params)
        except RpcException as error:
            self._table.take(sequence)
            promise.set_exception(error)

    def _flush_for(self, promise: RpcPromise[R]) -> None:
        try:
            self._link.flush()
        except RpcException as error:
            promise.set_exception(error)

    def _send_now(self, operation: Operation[Any], count: int, extra: Extra | None, params: bytes) -> None:
        link = self._link
        timeout = self.call_timeout or DEFAULT_CALL_TIMEOUT
        if link.is_open:
            link.transport.make_room(timeout)
        self._send_call(next_sequence(), ONE_WAY_CALL, operation, count=count, extra=extra, params=params)
        if not link.is_open:
            link.transport.until_open(timeout)

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
        link = self._link
        if self.standing_extra:
            extra = {**self.standing_extra, **(extra or {})}
        if link.is_greeting_due and self._greeting:
            extra = {**self._greeting, **(extra or {})}
        count = min(count, MOST_COUNTED)
        try:
            packet = link.build(sequence, calltype, operation.route, count, params, extra=extra)
        except UNSENDABLE as error:  # the parameters are bytes already
            raise RpcException(RPCERROR_DATADIRTY, f"{operation.full_name}: extra values: {error}") from error
        link.is_greeting_due = False
        link.push(packet)

    def _write_params(self, operation: Operation[Any], args: tuple[Any, ...]) -> bytes:
        write_params = operation.write_params
        try:
            if self.speaks_cesu8:
                args = halved(args)
            # One parameter is the usual number; see ``Servants.serve_some``.
            return write_params(args[0]) if len(args) == 1 else write_params(*args)
        except UNSENDABLE as error:
            raise RpcException(RPCERROR_DATADIRTY, f"{operation.full_name}: {error}") from error

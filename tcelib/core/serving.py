"""The serving side of a connection: calls in, answers out (TCE protocol, sections 2.2, 2.3 and 7).

    unknown interface or operation          INTERFACE_NOTFOUND
    parameters cut or not used up           UNSERIALIZE_FAILED, and a warning
    the servant raises (anything at all),
    or returns what does not fit the
    operation's type                        REMOTEMETHOD_EXCEPTION; the traceback is logged, never sent
    any of these, one-way                   nothing
    extra values cut                        nothing, and a warning

An answer carries its call's sequence, interface, ``call_id`` and extra values except the token. A refusal carries the
user's id alone of the extra values. A gateway finds its way back by them.
"""

import logging
from collections import deque
from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from tcelib.core.link import Link
from tcelib.core.operation import Operation
from tcelib.core.servant import Finds, Routes
from tcelib.error import (
    RPCERROR_INTERFACE_NOTFOUND,
    RPCERROR_REMOTEMETHOD_EXCEPTION,
    RPCERROR_UNSERIALIZE_FAILED,
    DecodeError,
    RpcException,
)
from tcelib.wire.codec import MALFORMED
from tcelib.wire.message import (
    CALL,
    CALL_ID,
    CALLTYPE,
    EXTRA_COUNT,
    ONEWAY,
    RETURN,
    ROUTE,
    SEQUENCE,
    TOKEN,
    USER_ID,
    Extra,
    Header,
    Packet,
    split_extra,
)
from tcelib.wire.packet import INTERFACE_BITS, SHORT_BYTES, SHORT_FRONTS, PacketReader, pack_short

NO_ROUTES: Routes = {}
Props: TypeAlias = dict[str, str]
C = TypeVar("C")
log = logging.getLogger("tce.connection")


class Context(Protocol[C]):
    """Last argument of a servant's method. Made empty, and filled by the connection's servants."""

    conn: C
    packet: Packet


class _Served(NamedTuple):
    """A call that was not answered at once, with everything that the answer needs."""

    packet: Packet
    operation: Operation[Any]
    props: Props | None
    stream: PacketReader  # that the call came from: the answer goes nowhere else


class Servants(Generic[C]):
    """Serves the calls that come over a link; coroutines are answered when they end.

    ``routes`` finds the entry of a call. ``on_refusal`` is called for each call that is answered with an error.
    """

    __slots__ = ("_connection", "_link", "_make_context", "on_refusal", "routes")

    def __init__(self, link: Link, connection: C, make_context: Callable[[], Context[C]]) -> None:
        self.routes: Finds = NO_ROUTES
        self.on_refusal: Callable[[], object] = lambda: None
        self._link = link
        self._connection = connection
        self._make_context = make_context

    def serve(self, packet: Packet) -> None:
        """Serve one call, in a turn that ends with ``flush``."""
        self.serve_some(deque((packet,)), 1)

    def serve_some(self, waiting: deque[Packet], most: int) -> None:
        """Serve the calls at the front of ``waiting``, up to ``most`` of them, in a turn that ends with ``flush``.

        Ends before a message that is no call. Written out at length, as it runs for every call. What a servant may
        change is looked at anew for each.
        """
        link, connection, make_context = self._link, self._connection, self._make_context
        while waiting and most:
            most -= 1
            packet = waiting.popleft()
            fields, params = packet
            calltype = fields[CALLTYPE]
            if not calltype & CALL:
                waiting.appendleft(packet)
                break
            props = None
            if fields[EXTRA_COUNT]:
                try:
                    props, params = split_extra(fields[EXTRA_COUNT], params)
                except DecodeError as error:
                    link.drop(error)
                    continue
            entry = self.routes.get(fields[ROUTE])
            if entry is None:
                self.refuse(packet, RPCERROR_INTERFACE_NOTFOUND, props)
                continue
            operation, method, middle = entry
            read_params = operation.read_params
            try:
                args = read_params(params)
            except MALFORMED as error:
                link.complaints.add("parameters that cannot be read", f"{operation.full_name}: {error}")
                self.refuse(packet, RPCERROR_UNSERIALIZE_FAILED, props)
                continue
            stream = link.reader
            try:
                context = make_context()
                context.conn = connection
                context.packet = packet
                # One parameter is the usual number, and without unpacking the call takes half the time.
                result = method(args[0], context) if len(args) == 1 else method(*args, context)
                if type(result) is CoroutineType:
                    self._run(result, _Served(packet, operation, props, stream))
                elif not calltype & ONEWAY and link.reader is stream:
                    write_result = operation.write_result
                    params = write_result(result)
                    size = len(params)
                    if props is None and size <= SHORT_BYTES:
                        header = pack_short(SHORT_FRONTS[size], fields[SEQUENCE], middle, fields[CALL_ID])
                        link.outgoing.append(header + params)
                    else:
                        self._answer(packet, operation, props, params)
            except BaseException as error:  # servants are other people's code
                if not isinstance(error, Exception) and link.transport.is_stop(error):
                    raise
                self._report(_Served(packet, operation, props, stream), error)

    def refuse(self, packet: Packet, errcode: int, props: Props | None) -> None:
        """Answer a call with an error, unless it is one-way. ``props`` are its extra values."""
        if not Header.of(packet).calltype & ONEWAY:
            self.on_refusal()
            extra = {USER_ID: props[USER_ID]} if props and USER_ID in props else None
            self._reply(packet, errcode, 0, extra, b"")

    def _run(self, coroutine: Coroutine[Any, Any, Any], call: "_Served") -> None:
        self._link.transport.run(coroutine, lambda result, error: self._finish(call, result, error))

    def _finish(self, call: "_Served", result: Any, error: BaseException | None) -> None:
        """Answer a call whose coroutine has ended."""
        if error is not None:
            self._report(call, error)
            return
        try:
            if not Header.of(call.packet).calltype & ONEWAY and self._link.reader is call.stream:
                self._answer(call.packet, call.operation, call.props, call.operation.write_result(result))
        except Exception as misfit:  # noqa: BLE001
            self._report(call, misfit)

    def _report(self, call: "_Served", error: BaseException) -> None:
        log.error("! %s raised", call.operation.full_name, exc_info=error)
        if self._link.reader is call.stream:
            self.refuse(call.packet, RPCERROR_REMOTEMETHOD_EXCEPTION, call.props)

    def _answer(self, packet: Packet, operation: Operation[Any], props: Props | None, params: bytes) -> None:
        extra = {name: value for name, value in props.items() if name != TOKEN} if props else None
        self._reply(packet, 0, operation.result_count, extra, params)

    def _reply(self, packet: Packet, errcode: int, count: int, extra: Extra | None, params: bytes) -> None:
        (_, _, _, _, _, sequence, _, route, _, _, call_id, _), _ = packet
        answer = self._link.build(
            sequence,
            RETURN,
            route & INTERFACE_BITS,
            errcode=errcode,
            paramsize=count,
            call_id=call_id,
            extra=extra,
            params=params,
        )
        try:
            self._link.push_answer(packet, answer)
        except RpcException as error:
            log.debug("an answer was not sent: %s", error)

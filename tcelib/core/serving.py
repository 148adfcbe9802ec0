"""The serving side of a connection: calls in, answers out (TCE protocol, sections 2.2, 2.3 and 7).

    unknown interface or operation          INTERFACE_NOTFOUND
    parameters cut or not used up           UNSERIALIZE_FAILED, and a warning
    the servant raises, or gives what
    does not fit the operation's type       REMOTEMETHOD_EXCEPTION; the traceback is logged, never sent
    any of these, one-way                   nothing

An answer carries its call's sequence, interface, ``call_id`` and extra values except the token; one that refuses, of
the extra values the user's id. A gateway finds its way back by them.
"""

import logging
from types import CoroutineType
from typing import Any

from tcelib.core.calling import Calling
from tcelib.core.context import RpcContext
from tcelib.core.operation import Operation
from tcelib.core.servant import Routes
from tcelib.error import (
    RPCERROR_INTERFACE_NOTFOUND,
    RPCERROR_REMOTEMETHOD_EXCEPTION,
    RPCERROR_UNSERIALIZE_FAILED,
    DecodeError,
    RpcException,
)
from tcelib.wire.codec import MALFORMED
from tcelib.wire.message import ONEWAY, RETURN, TOKEN, USER_ID, Extra, Packet, split_extra
from tcelib.wire.packet import PacketReader

INTERFACE_BITS = 0xFFFF0000  # of a route; the operation's index is 0 in answers
NO_ROUTES: Routes = {}
log = logging.getLogger("tce.connection")


class Serving(Calling):
    """Calls are served as they come, coroutines when their loop finds the time. Part of every ``RpcConnection``."""

    _routes: Routes = NO_ROUTES

    def _serve_call(self, packet: Packet) -> None:
        (*_, calltype, route, _, _, _, extra_count), rest = packet
        entry = self._routes.get(route)
        if entry is None:
            self._refuse(packet, RPCERROR_INTERFACE_NOTFOUND)
            return
        operation, method = entry
        try:
            if extra_count:
                _, rest = split_extra(extra_count, rest)
            args = operation.read_params(rest)
        except MALFORMED as error:
            self._complaints.add("parameters that cannot be read", f"{operation.full_name}: {error}")
            self._refuse(packet, RPCERROR_UNSERIALIZE_FAILED)
            return
        stream = self._reader
        try:
            result = method(*args, RpcContext(self, packet))  # type: ignore[arg-type]
            if type(result) is CoroutineType:
                self.transport.run(result, lambda value, error: self._finish(packet, stream, operation, value, error))
            elif not calltype & ONEWAY and self._reader is stream:
                self._answer(packet, operation, result)
        except Exception:  # noqa: BLE001  servants are other people's code
            self._report(packet, stream, operation)

    def _finish(
        self,
        packet: Packet,
        stream: PacketReader,
        operation: Operation[Any],
        result: Any,
        error: BaseException | None,
    ) -> None:
        """Answer when a coroutine has ended."""
        try:
            if error is not None:
                raise error
            if not packet[0][6] & ONEWAY and self._reader is stream:
                self._answer(packet, operation, result)
        except Exception:  # noqa: BLE001
            self._report(packet, stream, operation)

    def _report(self, packet: Packet, stream: PacketReader, operation: Operation[Any]) -> None:
        log.exception("! %s raised", operation.full_name)
        if self._reader is stream:
            self._refuse(packet, RPCERROR_REMOTEMETHOD_EXCEPTION)

    def _answer(self, packet: Packet, operation: Operation[Any], result: Any) -> None:
        (*_, extra_count), rest = packet
        props = None
        if extra_count:
            props, _ = split_extra(extra_count, rest)
            props.pop(TOKEN, None)
        self._reply(packet, 0, 0 if operation.is_void else 1, props, operation.write_result(result))

    def _refuse(self, packet: Packet, errcode: int) -> None:
        (*_, extra_count), rest = packet
        if packet[0][6] & ONEWAY:
            return
        try:
            props, _ = split_extra(extra_count, rest)
        except DecodeError:
            props = {}
        self._reply(packet, errcode, 0, {name: props[name] for name in (USER_ID,) if name in props}, b"")

    def _reply(self, packet: Packet, errcode: int, count: int, extra: Extra | None, params: bytes) -> None:
        *_, sequence, _, route, _, _, call_id, _ = packet[0]
        answer = self._build(
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
            self._push(answer)
        except RpcException as error:
            log.debug("an answer was not sent: %s", error)

# ruff: noqa: N802  the names that TCE's users know
"""A connection over message queues (TCE protocol, sections 1 and 6.4): bodies without envelope, never compressed.

A connection writes to one queue or reads one. Who calls over a queue reads the answers from another: its name
travels with each call, as ``__mq_return__``, and ``setLoopbackMQ`` says which connection reads it. Who serves puts
each answer where its call says.
"""

import logging
from typing import Any

from tcelib.core.call_option import DEFAULT_CALL_TIMEOUT
from tcelib.core.connection import RpcConnection
from tcelib.core.operation import Operation
from tcelib.core.port import QueueTransport
from tcelib.error import DecodeError
from tcelib.wire.message import (
    CALLTYPE,
    MQ_RETURN,
    ONEWAY,
    SEQUENCE,
    Extra,
    Packet,
    RpcMessage,
    build_body,
    parse_body,
    split_extra,
)
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES

log = logging.getLogger("tce.connection")


class RpcQueueConnection(RpcConnection):
    """``name`` is the queue's, as the other side knows it. Listeners are not told of what comes over queues."""

    transport: QueueTransport

    def __init__(
        self,
        name: str,
        transport: QueueTransport,
        *,
        max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES,
        call_timeout: float | None = DEFAULT_CALL_TIMEOUT,
    ) -> None:
        super().__init__(transport, max_packet_bytes=max_packet_bytes, call_timeout=call_timeout)
        self.name = name
        self._return_queue = ""
        self._callers: list[RpcQueueConnection] = []

    def setLoopbackMQ(self, conn: "RpcQueueConnection") -> None:
        """Expect the answers of this connection's calls on ``conn``."""
        self._return_queue = conn.name
        conn._callers.append(self)

    def receive_body(self, body: bytes) -> bool:
        """Take one message off the queue and serve it; what it gives is ``receive``'s."""
        try:
            packet = parse_body(body)
        except DecodeError as error:
            self._drop(error)
            return self.serve()
        if len(body) > self._max_packet_bytes:
            self._refuse_too_long(packet, f"{len(body)} bytes; allowed are {self._max_packet_bytes}")
        else:
            self._waiting.append(packet)
        return self.serve()

    def _build(
        self,
        sequence: int,
        calltype: int,
        route: int,
        *,
        errcode: int = 0,
        paramsize: int = 0,
        call_id: int = 0,
        extra: Extra | None = None,
        params: bytes = b"",
    ) -> bytes:
        body = build_body(
            sequence,
            calltype,
            route,
            errcode=errcode,
            paramsize=paramsize,
            call_id=call_id,
            extra=extra,
            params=params,
        )
        self._check_size(len(body))
        return body

    def _pack(self, message: RpcMessage) -> bytes:
        return message.pack()

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
        if self._return_queue:
            extra = {MQ_RETURN: self._return_queue, **(extra or {})}
        super()._send_call(sequence, calltype, operation, count=count, extra=extra, params=params)

    def _serve_call(self, packet: Packet) -> None:
        fields, rest = packet
        if not fields[CALLTYPE] & ONEWAY and not _return_queue(packet):
            self._complaints.add("a call that names no queue for its answer gets none", self.name)
            packet = (*fields[:CALLTYPE], fields[CALLTYPE] | ONEWAY, *fields[CALLTYPE + 1 :]), rest
        super()._serve_call(packet)

    def _push_answer(self, packet: Packet, answer: bytes) -> None:
        self.transport.write_to(_return_queue(packet), answer)

    def _take_answer(self, packet: Packet) -> None:
        for caller in self._callers_of(packet):
            super(RpcQueueConnection, caller)._take_answer(packet)

    def _fail(self, packet: Packet, reason: str) -> None:
        for caller in self._callers_of(packet):
            super(RpcQueueConnection, caller)._fail(packet, reason)

    def _callers_of(self, packet: Packet) -> "list[RpcQueueConnection]":
        return [caller for caller in (self, *self._callers) if caller._calls.is_waiting(packet[0][SEQUENCE])]


def _return_queue(packet: Packet) -> str:
    (*_, extra_count), rest = packet
    try:
        props, _ = split_extra(extra_count, rest)
    except DecodeError:
        return ""
    return props.get(MQ_RETURN, "")

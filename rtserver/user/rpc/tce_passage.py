"""TcePassage: the calls of one TCE connection to services behind queues (``base.tce.passage``)."""

import logging
from collections import deque

from rtserver.base.tce.passage import Reading
from rtserver.user.policy import ForbiddenError, Rights
from rtserver.user.rpc.rpc_gate import RpcGate
from rtserver.user.user_agent import UserAgent
from tcelib.core.connection import RpcConnection
from tcelib.error import RPCERROR_INTERFACE_NOTFOUND, RPCERROR_REMOTEMETHOD_EXCEPTION, RpcException
from tcelib.gateway.client import Client
from tcelib.gateway.verb import Verb
from tcelib.wire.message import CALL, CALLTYPE, ROUTE, Packet, props_of
from tcelib.wire.packet import SIZE_OF_NOTHING

log = logging.getLogger(__name__)


class TcePassage:
    """Caller of one connection. It enters the gate with its first call to a service.

    While it waits for room, all calls behind are kept in their order, those to servants of this server as well; what
    came with one read is all that there can be.
    """

    __slots__ = ("_agent", "_client", "_gate", "_is_waiting", "_kept", "_reading", "_rights", "_rpc", "number")

    def __init__(self, gate: RpcGate, rights: Rights, agent: UserAgent, rpc: RpcConnection, reading: Reading) -> None:
        self.number = 0
        self._gate = gate
        self._rights = rights
        self._agent = agent
        self._rpc = rpc
        self._reading = reading
        self._client: Client | None = None
        self._kept: deque[Packet] = deque()
        self._is_waiting = False

    def take(self, packet: Packet, /) -> bool:
        """See ``Passage``."""
        fields, _ = packet
        if not fields[CALLTYPE] & CALL:
            return False  # an answer to a call of this server
        if self._is_waiting:
            self._kept.append(packet)
            return True
        if not self._gate.has_interface(fields[ROUTE] >> 16):
            return False
        if self._pass(packet):
            self._kept.append(packet)
        return True

    def end(self) -> None:
        """See ``Passage``."""
        self._kept.clear()
        if self._client is not None:
            self._gate.part(self)

    def deliver(self, body: bytes) -> bool:
        """See ``Caller``."""
        try:
            self._rpc.link.push_body(body)
        except RpcException as failure:
            log.warning("! %s: an answer was not delivered: %s", self._agent, failure)
            return SIZE_OF_NOTHING + len(body) <= self._rpc.link.max_packet_bytes
        return True

    def on_room(self) -> None:
        """See ``Caller``."""
        if not self._is_waiting:
            return
        self._is_waiting = False
        while self._kept and not self._is_waiting:
            packet = self._kept.popleft()
            if not self._gate.has_interface(packet[0][ROUTE] >> 16):
                self._rpc.servants.serve(packet)
            elif self._pass(packet):
                self._kept.appendleft(packet)
        self._flush()
        if not self._is_waiting:
            self._reading.make_room()

    def _pass(self, packet: Packet) -> bool:
        """Pass on a call, or refuse it. Return true if it must be given again when there is room."""
        name = self._gate.name_of(packet[0][ROUTE])
        if name is None:
            self._refuse(packet, RPCERROR_INTERFACE_NOTFOUND)
            return False
        try:
            self._rights.check_call(self._agent.user, name)
        except ForbiddenError:
            self._refuse(packet, RPCERROR_REMOTEMETHOD_EXCEPTION)
            return False
        if self._client is None:
            self._client = self._gate.connect(self, str(self._agent.user.user_id))
        (verb, _, _, _), must_wait = self._gate.take(self._client, packet)
        if must_wait:
            self._is_waiting = self._reading.is_full = True
        return verb is Verb.HOLD

    def _refuse(self, packet: Packet, errcode: int) -> None:
        self._rpc.servants.refuse(packet, errcode, props_of(packet))

    def _flush(self) -> None:
        try:
            self._rpc.flush()
        except RpcException as failure:
            log.debug("answers were not sent: %s", failure)

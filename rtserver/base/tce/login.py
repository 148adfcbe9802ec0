"""Log-in of a connection whose user is not known yet: it has to show a token in the first packet, and soon.

Decides how much of the client's bytes is kept (the first packet, and what came in the same read), and what a client
is told that may not come in. The connection's handler knows what a token is worth.
"""

import logging
from collections.abc import Awaitable
from contextlib import suppress
from typing import cast

from rtserver.base.connection.carrier import Carrier
from rtserver.base.connection.handler import Identity
from rtserver.base.tce.carriage import Carriage
from rtserver.base.tce.framing import LOW_GATEWAY, LOW_ON_MESSAGE, ON_MESSAGE, TERMINALS, framing_of, is_split
from rtserver.base.tce.rpc_transport import RpcTransport
from rtserver.base.tce.shared import TceShared
from rtserver.base.wire.close_code import CloseCode
from tcelib.error import RPCERROR_CONNECT_REJECT, PacketError
from tcelib.limit.too_many import TooMany, TryLaterError
from tcelib.wire.message import CALL, ONEWAY, RETURN, TOKEN, Header, Packet, props_of
from tcelib.wire.packet import PacketReader, build_packet

log = logging.getLogger(__name__)

INTERFACE_BITS = 0xFFFF0000
TERMINAL_INDEX = "terminal_index"
"""The extra value, beside the token, by which a client says how its ``ITerminal`` is to be called."""
NO_TOKEN = "not logged in: no valid token in the first packet"
LONG_INDEX = 6  # digits, of which no index has as many


class TceLogin:
    """Binary peer of a connection until its user is known. Then an ``RpcTransport`` takes its place."""

    __slots__ = ("_carriage", "_carrier", "_data", "_in_cesu8", "_packets", "_reader", "_shared", "_timer")

    def __init__(self, shared: TceShared, carriage: Carriage, carrier: Carrier) -> None:
        server = carrier.shared
        self._shared = shared
        self._carriage = carriage
        self._carrier = carrier
        self._data = b""
        self._in_cesu8 = False
        self._packets: list[Packet] = []
        self._reader = PacketReader(server.bounds.max_message_bytes, self._on_dropped)
        self._timer = server.wheel.arm(server.now(), shared.login_seconds, self._on_late)

    def receive(self, data: bytes) -> Awaitable[object] | None:
        """Take bytes of the stream. When the first packet is whole, nothing more may be given until it is judged."""
        if not self._data:
            self._in_cesu8 = self._carriage.is_framed and is_split(data)
        self._data += data
        try:
            self._reader.feed(data, self._packets)
        except PacketError as error:
            if not self._packets:
                self._shared.counts.broken_streams += 1
                log.info("! %s: %s", self._carrier.remote_ip, error)
                self._carrier.close(CloseCode.UNSUPPORTED_DATA, str(error))
                return None
        return self._judge(self._packets[0]) if self._packets and self._carrier.is_open else None

    def end(self) -> None:
        """Stop waiting: the connection is over, or its user is known."""
        self._timer.cancel()
        self._shared.pending.leave(self._carrier)

    async def _judge(self, packet: Packet) -> None:
        props = props_of(packet)
        token = props.get(TOKEN)
        try:
            identity = self._carrier.shared.handler.authenticate(token) if token else None
            if hasattr(identity, "__await__"):
                identity = await cast(Awaitable[Identity | None], identity)
        except TryLaterError as error:
            code = CloseCode.TOO_MANY if isinstance(error, TooMany) else CloseCode.INTERNAL_ERROR
            self._refuse(packet, code, error.reason)
            return
        if identity is None:
            self._turn_away(packet, CloseCode.NOT_LOGGED_IN, NO_TOKEN)
            self._log(f"{NO_TOKEN}{await self._reason(token)}")
        elif (terminal := _terminal_of(packet, props)) not in TERMINALS:
            known = " and ".join(map(str, sorted(TERMINALS)))
            self._refuse(packet, CloseCode.UNSUPPORTED_DATA, f"{TERMINAL_INDEX} is {terminal}; there are {known}")
        elif self._carrier.is_open:
            pending = self._admit(identity, terminal)
            if pending is not None:
                await pending

    def _admit(self, identity: object, terminal: int) -> Awaitable[object] | None:
        """Give the connection to the handler, and all that has come of the stream to the calls."""
        carrier, carriage, in_cesu8 = self._carrier, self._carriage, self._in_cesu8
        carrier.framing = framing_of(terminal, is_framed=carriage.is_framed, in_cesu8=in_cesu8)
        self.end()
        if not carrier.admit(identity):
            return None
        peer = carrier.binary = RpcTransport(self._shared, carriage, carrier, in_cesu8=in_cesu8)
        return peer.receive(self._data)

    def _refuse(self, packet: Packet | None, code: CloseCode, reason: str) -> None:
        """Answer the call, if it is one that wants an answer, and close."""
        self._log(reason)
        self._turn_away(packet, code, reason)

    def _turn_away(self, packet: Packet | None, code: CloseCode, reason: str) -> None:
        self._shared.counts.refusals += 1
        if packet is not None:
            call = Header.of(packet)
            if call.calltype & CALL and not call.calltype & ONEWAY:
                answer = build_packet(
                    call.sequence,
                    RETURN,
                    call.route & INTERFACE_BITS,
                    errcode=RPCERROR_CONNECT_REJECT,
                    call_id=call.call_id,
                )
                self._carrier.push(self._carriage.join([answer]))
        self._carrier.close(code, reason)

    async def _reason(self, token: str | None) -> str:
        reasons = self._shared.reasons
        with suppress(RuntimeError):  # the executor has been shut down
            return "" if reasons is None else f": {await reasons.of_token(token)}"
        return ""

    def _log(self, reason: str) -> None:
        log.info("! %s: %s", self._carrier.remote_ip, reason)

    def _on_dropped(self, reason: str) -> None:
        self._refuse(None, CloseCode.NOT_LOGGED_IN, f"no token in the first packet: {reason}")

    def _on_late(self) -> None:
        self._refuse(None, CloseCode.NOT_LOGGED_IN, "no token came in time")


def _terminal_of(packet: Packet, props: dict[str, str]) -> int:
    """Return the index of the client's ``ITerminal``: the one that it says, or that goes with its gateway's."""
    said = props.get(TERMINAL_INDEX)
    if said is not None:
        return int(said) if said.isascii() and said.isdigit() and len(said) < LONG_INDEX else -1
    return LOW_ON_MESSAGE.ifidx if Header.of(packet).route >> 16 == LOW_GATEWAY else ON_MESSAGE.ifidx

"""A connection whose user is not known yet: it has to show a token in the first packet, and soon.

Decides how much of a stranger's bytes is kept (the first packet, and what came in the same read), and what it is told
that may not come in. What a token is worth is asked of the owner.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from rtserver.base.connection.owner import Environment
from rtserver.base.limit.too_many import TooMany, TryLaterError
from rtserver.base.tce.framing import LOW_GATEWAY, LOW_ON_MESSAGE, ON_MESSAGE, TERMINALS
from rtserver.base.wire.close_code import CloseCode
from tcelib.error import RPCERROR_CONNECT_REJECT, DecodeError, PacketError
from tcelib.wire.message import CALL, ONEWAY, RETURN, TOKEN, Packet, split_extra
from tcelib.wire.packet import PacketReader, build_packet

log = logging.getLogger(__name__)

INTERFACE_BITS = 0xFFFF0000
ROUTE = 7  # where it stands among a packet's fields
TERMINAL_INDEX = "terminal_index"
"""The extra value, beside the token, by which a client says how its ``ITerminal`` is to be called."""
NO_TOKEN = "not logged in: no valid token in the first packet"
LONG_INDEX = 6  # digits, of which no index has as many


class Stranger(Protocol):
    """The connection."""

    remote_ip: str

    @property
    def join_packets(self) -> Callable[[Sequence[bytes]], bytes]:
        """How packets become what is pushed."""

    @property
    def is_open(self) -> bool:
        """Whether a push still has a chance to arrive."""

    def look_at_first(self, data: bytes) -> None:
        """Learn what can be learned of the client from the first bytes of the stream."""

    def use_terminal(self, index: int) -> None:
        """Call the client's ``ITerminal`` by this index."""

    def push(self, frame: bytes) -> None:
        """Send, soon."""

    def close(self, code: int, reason: str = "") -> None:
        """End the connection; ``TceLogin.end`` is called before this returns."""

    def admit(self, identity: Any, data: bytes) -> Awaitable[object] | None:
        """The user is known: give the owner ``data``, and what comes from now on."""


class TceLogin:
    """Takes what a stranger sends in the place of the server's owner, until the owner knows whose it is."""

    __slots__ = ("_data", "_environment", "_packets", "_reader", "_stranger", "_timer")

    def __init__(self, environment: Environment, stranger: Stranger) -> None:
        self._environment = environment
        self._stranger = stranger
        self._data = b""
        self._packets: list[Packet] = []
        self._reader = PacketReader(environment.max_message_bytes, self._on_dropped)
        self._timer = environment.wheel.arm(environment.now(), environment.login_seconds, self._on_late)

    def on_text(self, _session: None, _payload: bytes) -> None:
        """A text frame, which carries no token."""
        self._stranger.close(CloseCode.NOT_LOGGED_IN, "a stranger has to show a token first")

    def on_binary(self, _session: None, payload: bytes) -> Awaitable[object] | None:
        """Some bytes of the stream. When the first packet is whole, nothing more may be given until it is judged."""
        if not self._data:
            self._stranger.look_at_first(payload)
        self._data += payload
        try:
            self._reader.feed(payload, self._packets)
        except PacketError as error:
            if not self._packets:
                self._environment.tce_counts.broken_streams += 1
                log.info("! %s: %s", self._stranger.remote_ip, error)
                self._stranger.close(CloseCode.UNSUPPORTED_DATA, str(error))
                return None
        return self._judge(self._packets[0]) if self._packets and self._stranger.is_open else None

    def end(self) -> None:
        """The connection is over, or has a user."""
        self._timer.cancel()
        self._environment.strangers.leave(self._stranger)

    async def _judge(self, packet: Packet) -> None:
        props = _props_of(packet)
        token = props.get(TOKEN)
        try:
            identity = await self._environment.owner.authenticate_token(token) if token else None
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
        elif self._stranger.is_open:
            self._stranger.use_terminal(terminal)
            pending = self._stranger.admit(identity, self._data)
            if pending is not None:
                await pending

    def _refuse(self, packet: Packet | None, code: CloseCode, reason: str) -> None:
        """Answer the call, if it is one that wants an answer, and close."""
        self._log(reason)
        self._turn_away(packet, code, reason)

    def _turn_away(self, packet: Packet | None, code: CloseCode, reason: str) -> None:
        self._environment.tce_counts.refusals += 1
        if packet is not None and packet[0][6] & CALL and not packet[0][6] & ONEWAY:
            (_, _, _, _, _, sequence, _, route, _, _, call_id, _), _ = packet
            answer = build_packet(
                sequence, RETURN, route & INTERFACE_BITS, errcode=RPCERROR_CONNECT_REJECT, call_id=call_id
            )
            self._stranger.push(self._stranger.join_packets([answer]))
        self._stranger.close(code, reason)

    async def _reason(self, token: str | None) -> str:
        refusals = self._environment.refusals
        with suppress(RuntimeError):  # the executor has been shut down
            return "" if refusals is None else f": {await refusals.of_token(token)}"
        return ""

    def _log(self, reason: str) -> None:
        log.info("! %s: %s", self._stranger.remote_ip, reason)

    def _on_dropped(self, reason: str) -> None:
        self._refuse(None, CloseCode.NOT_LOGGED_IN, f"no token in the first packet: {reason}")

    def _on_late(self) -> None:
        self._refuse(None, CloseCode.NOT_LOGGED_IN, "no token came in time")


def _props_of(packet: Packet) -> dict[str, str]:
    (*_, extra_count), rest = packet
    try:
        return split_extra(extra_count, rest)[0]
    except DecodeError:
        return {}


def _terminal_of(packet: Packet, props: dict[str, str]) -> int:
    """The index of the client's ``ITerminal``: the one that it says, or that goes with the gateway that it calls."""
    said = props.get(TERMINAL_INDEX)
    if said is not None:
        return int(said) if said.isascii() and said.isdigit() and len(said) < LONG_INDEX else -1
    return LOW_ON_MESSAGE.ifidx if packet[0][ROUTE] >> 16 == LOW_GATEWAY else ON_MESSAGE.ifidx

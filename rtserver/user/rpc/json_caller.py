"""JsonCaller: the calls that one connection makes by messages of the JSON protocol."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rtserver.base.wire.json import JsonError
from rtserver.base.wire.message_size import MessageTooLargeError
from rtserver.rpc.failure import UNSAYABLE, failure_of
from rtserver.rpc.operation import RpcOperation
from rtserver.user.rpc.rpc_gate import RpcGate
from rtserver.user.user_agent import UserAgent
from tcelib.error import DecodeError
from tcelib.gateway.head import HEAD
from tcelib.gateway.verb import Verb
from tcelib.wire.extra_map import end_of
from tcelib.wire.message import CALL, MAGIC, MESSAGE_BYTES, ONEWAY, RPC, Packet
from tcelib.wire.packet import VERSION

MOST_SEQUENCES = 1 << 31
log = logging.getLogger(__name__)


class JsonCaller:
    """Caller of one connection. ``make_future`` makes a future of the event loop."""

    __slots__ = ("_agent", "_calls", "_client", "_gate", "_make_future", "_room", "_sequence", "number")

    def __init__(self, gate: RpcGate, agent: UserAgent, make_future: Callable[[], Any]) -> None:
        self.number = 0
        self._gate = gate
        self._agent = agent
        self._make_future = make_future
        self._room: Any = None
        self._sequence = 0
        self._calls: dict[int, tuple[RpcOperation, int | str | None]] = {}
        self._client = gate.connect(self, str(agent.user.user_id))

    def call(self, operation: RpcOperation, params: bytes, request_id: int | str | None) -> Awaitable[None] | None:
        """Make a call. Nothing may be read while the awaitable that is returned is pending: there is no room.

        A void operation without ``request_id`` is called one-way: nobody could tell what the answer is about.
        """
        sequence = self._sequence = (self._sequence + 1) % MOST_SEQUENCES
        calltype = CALL
        if operation.is_void and request_id is None:
            calltype |= ONEWAY
        else:
            self._calls[sequence] = operation, request_id
        fields = (MAGIC, 0, 0, VERSION, RPC, sequence, calltype, operation.route, 0, operation.count, 0, 0)
        verb, room = self._take((fields, params))
        return None if room is None else self._until_taken(room, verb, (fields, params))

    def deliver(self, body: bytes) -> bool:
        """See ``Caller``."""
        _, sequence, _, _, errcode, _, _, count = HEAD.unpack_from(body)
        operation, request_id = self._calls.pop(sequence)
        share, begun = self._agent.share, 0.0
        if share is not None:
            begun = share.now()
        if errcode:
            self._refuse(errcode, operation, request_id)
        else:
            self._answer(count, body[MESSAGE_BYTES:], operation, request_id)
        if share is not None:
            share.spend(begun)
        return True

    def on_room(self) -> None:
        """See ``Caller``."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def _take(self, packet: Packet) -> tuple[Verb, Awaitable[None] | None]:
        """Give the call to the gate. Return what became of it, and what to wait for if there is no room."""
        (verb, _, _, _), must_wait = self._gate.take(self._client, packet)
        if must_wait:
            self._room = self._make_future()
        return verb, self._room if must_wait else None

    async def _until_taken(self, room: Awaitable[None] | None, verb: Verb, packet: Packet) -> None:
        while room is not None:
            await room
            room = None
            if verb is Verb.HOLD and self._agent.is_open:
                verb, room = self._take(packet)

    def _refuse(self, errcode: int, operation: RpcOperation, request_id: int | str | None) -> None:
        failure = failure_of(errcode)
        about = {"errcode": errcode}
        self._agent.push_error(failure.code, failure.message, operation.msg_type, request_id, **about)

    def _answer(self, count: int, rest: bytes, operation: RpcOperation, request_id: int | str | None) -> None:
        """Send a result, which stands in ``rest`` behind ``count`` extra values."""
        try:
            result = operation.read_result(rest[end_of(count, rest) :])
            self._agent.push_message(result, operation.msg_type, request_id)
        except (DecodeError, JsonError, MessageTooLargeError) as error:
            log.warning("! %s: the result of %s: %s", self._agent, operation.full_name, error)
            self._agent.push_error(UNSAYABLE.code, UNSAYABLE.message, operation.msg_type, request_id)

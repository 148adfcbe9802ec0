"""The clients' side of a gateway: who is connected, where their calls go, and when they have waited for too long."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from tcelib.error import (
    RPCERROR_CONNECT_REJECT,
    RPCERROR_CONNECT_UNREACHABLE,
    RPCERROR_CONNECTION_LOST,
    RPCERROR_INTERFACE_NOTFOUND,
    RPCERROR_TIMEOUT,
    RPCERROR_UNSERIALIZE_FAILED,
    DecodeError,
)
from tcelib.gateway.action import HOLD, SERVE, Action
from tcelib.gateway.client import Client
from tcelib.gateway.head import FORWARDED, HEAD, MARKS, parts_of, refusal
from tcelib.gateway.state import GatewayState
from tcelib.gateway.traffic import MICROSECONDS, OPERATION, SHIFT, deadline_of
from tcelib.gateway.user_id import UserIds
from tcelib.gateway.verb import Reason, Verb
from tcelib.gateway.way import Way
from tcelib.wire.extra_map import without
from tcelib.wire.message import CALL, MOST_EXTRA, MQ_RETURN, ONEWAY, RETURN, RPC, USER_ID, Packet
from tcelib.wire.text import encode_text

ERRORS = {
    Reason.MALFORMED: RPCERROR_UNSERIALIZE_FAILED,
    Reason.NO_ROUTE: RPCERROR_INTERFACE_NOTFOUND,
    Reason.NO_USER_ID: RPCERROR_CONNECT_REJECT,
    Reason.NO_RESPONDERS: RPCERROR_CONNECT_UNREACHABLE,
    Reason.UNSENT: RPCERROR_CONNECT_UNREACHABLE,
    Reason.LOST: RPCERROR_CONNECTION_LOST,
    Reason.TIMEOUT: RPCERROR_TIMEOUT,
}
"""Numbers of the errors that a gateway answers with."""
_NOT_THEIRS = (USER_ID.encode(), MQ_RETURN.encode())
_pack = HEAD.pack


class ClientSide:
    """Decides about the messages of clients. See ``router`` for the table of all decisions."""

    def __init__(self, state: GatewayState, user_ids: UserIds) -> None:
        self._state = state
        self._user_ids = user_ids
        self._marks = 0

    def use_number(self, gateway: int) -> None:
        """Give clients ids of this gateway's number from now on. Raises ``ValueError`` as ``UserIds``."""
        self._user_ids.use(gateway)

    def connect(self, door: str, connection: Any = None) -> Client:
        """Return the client of a new connection. It has a user id at once, unless ids are checked.

        Raises ``KeyError`` for the name of an endpoint at which no clients come in, ``OverflowError`` as ``UserIds``.
        """
        client = Client(self._state.table.doors[door], connection)
        if not client.door.checks_user_ids:
            client.door.rename(client, self._user_ids.make())
        client.door.clients.add(client)
        return client

    def name(self, client: Client, user_id: str) -> None:
        """Give a client a user id. Raises ``ValueError`` for an empty one, and for one that would not come back."""
        if not user_id:
            raise ValueError("a user id is not empty")
        client.door.rename(client, user_id)
        self._marks = self._marks % MARKS + 1
        client.mark = self._marks

    def disconnect(self, client: Client) -> None:
        """Forget a client. The answers of its calls are late from now on."""
        for key, ticket in client.waiting.items():
            self._state.end_call(key, ticket)
        client.waiting.clear()
        client.deadline = math.inf
        client.door.leave(client)

    def find(self, door: str, user_id: str) -> Client | None:
        """Return the client that gets what is sent to a user by a door; None if the user is not here."""
        return self._state.table.doors[door].homes.get(encode_text(user_id))

    def receive(self, client: Client, packet: Packet, now: float) -> Action:
        """Decide about a message. ``now`` is in seconds of the clock of all deadlines.

        Written out at length, because it runs for every call.
        """
        (_, _, _, _, _, sequence, calltype, route, errcode, paramsize, call_id, count), rest = packet
        if not calltype & CALL:
            return self._answer(calltype, call_id)
        interface = route >> 16
        state = self._state
        if interface in state.local:
            return SERVE
        door, user = client.door, client.user_pair
        way = door.calls.get(interface)
        if way is None or not user or (way.target in state.away and not _can_wait(calltype, way)):
            return self._refuse_unserved(client, packet, way)
        if count:
            try:
                count, rest = _own_values(count, rest, way)
            except DecodeError:
                return self._refuse(client, packet, Reason.MALFORMED)
        call_id = (call_id ^ client.mark) | FORWARDED
        if not calltype & ONEWAY:
            waiting = client.waiting
            key = interface << 48 | call_id << 32 | sequence  # see `parts_of`
            if len(waiting) >= door.most_waiting or key in waiting:
                return HOLD if client.is_full else state.drop(Reason.DUPLICATE)
            deadline = now + way.timeout
            waiting[key] = int(deadline * MICROSECONDS) << SHIFT | route & OPERATION  # its ticket: see `traffic`
            if deadline < client.deadline:  # noqa: PLR1730  `min` takes four times as long
                client.deadline = deadline
            if state.traffic is not None:
                state.traffic[route].calls += 1
        elif state.traffic is not None:
            state.traffic[route].one_way += 1
        head = _pack(RPC, sequence, calltype, route, errcode, paramsize, call_id, count + way.front_count)
        return way.verb, None, way.target, b"".join((head, way.front, user, rest))

    def unsent(self, client: Client, body: bytes, reason: Reason = Reason.UNSENT) -> Action:
        """Decide about a call that was to be passed on and was not, or perhaps not: its answer would be late.

        ``reason`` is UNSENT if it certainly was not, otherwise LOST.
        """
        _, sequence, calltype, route, _, _, call_id, _ = HEAD.unpack_from(body)
        key = route >> 16 << 48 | call_id << 32 | sequence
        ticket = None if calltype & ONEWAY else client.waiting.pop(key, None)
        if ticket is None:
            return self._state.drop(reason)
        self._state.end_call(key, ticket, ERRORS[reason])
        return self._error(client, reason, (sequence, route, call_id ^ client.mark))

    def lost(self, service: str, reason: Reason) -> Iterator[Action]:
        """Yield an error for each call that waits for an answer of ``service``, whose connection has ended.

        ``reason`` is LOST, or UNSENT if there was none that the calls could have been sent over.
        """
        for door in self._state.table.doors.values():
            interfaces = frozenset(index for index, way in door.calls.items() if way.target == service)
            for client in tuple(door.clients) if interfaces else ():
                yield from self._fail(client, [key for key in client.waiting if key >> 48 in interfaces], reason)

    def expire(self, now: float) -> Iterator[Action]:
        """Yield an error for each call whose deadline is over."""
        for door in self._state.table.doors.values():
            for client in tuple(door.clients):
                if client.deadline <= now:
                    yield from self._expire(client, now)

    def _expire(self, client: Client, now: float) -> Iterator[Action]:
        due = (int(now * MICROSECONDS) + 1) << SHIFT
        over = [key for key, ticket in client.waiting.items() if ticket < due]
        yield from self._fail(client, over, Reason.TIMEOUT)

    def _fail(self, client: Client, keys: Sequence[int], reason: Reason) -> Iterator[Action]:
        waiting = client.waiting
        for key in keys:
            self._state.end_call(key, waiting.pop(key), ERRORS[reason])
        client.deadline = deadline_of(min(waiting.values())) if waiting else math.inf
        for key in keys:
            route, call_id, sequence = parts_of(key)
            yield self._error(client, reason, (sequence, route, call_id ^ client.mark))

    def _answer(self, calltype: int, call_id: int) -> Action:
        """Decide about a message that is no call. Answers to calls that this gateway passed on lead nowhere: a forged
        one could answer the call of another user."""
        if not calltype & RETURN:
            return self._state.drop(Reason.MALFORMED)
        is_own = not call_id & FORWARDED or not self._state.table.has_routes
        return SERVE if is_own else self._state.drop(Reason.NO_ROUTE)

    def _refuse_unserved(self, client: Client, packet: Packet, way: Way | None) -> Action:
        reason = Reason.NO_RESPONDERS if client.user_pair else Reason.NO_USER_ID
        return self._refuse(client, packet, Reason.NO_ROUTE if way is None else reason)

    def _refuse(self, client: Client, packet: Packet, reason: Reason) -> Action:
        (_, _, _, _, _, sequence, calltype, route, _, _, call_id, _), _ = packet
        if calltype & ONEWAY:
            return self._state.drop(reason)
        if reason is not Reason.NO_ROUTE:
            self._state.refuse_call(route, ERRORS[reason])
        return self._error(client, reason, (sequence, route, call_id))

    def _error(self, client: Client, reason: Reason, call: tuple[int, int, int]) -> Action:
        """Return the answer to a call, of which ``call`` has sequence, route and ``call_id``."""
        if client.door.is_silent:
            return self._state.drop(Reason.SILENCED)
        self._state.refused[reason] += 1
        return Verb.ANSWER, client, "", refusal(*call, ERRORS[reason], client.user_pair)


def _own_values(count: int, rest: bytes, way: Way) -> tuple[int, bytes]:
    """Return the extra values that a client may say, and what follows. Raises ``DecodeError`` if they are cut, or
    with those that are added more than services take.
    """
    count, rest = without(count, rest, _NOT_THEIRS)
    if count + way.front_count > MOST_EXTRA:
        raise DecodeError(f"{count} extra values are too many")
    return count, rest


def _can_wait(calltype: int, way: Way) -> bool:
    """Return true for a one-way call to a queue: nobody waits for its answer, and it may wait for a service there."""
    return bool(calltype & ONEWAY) and way.verb is Verb.WRITE

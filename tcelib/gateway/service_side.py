"""The services' side of a gateway: answers find the calls of clients, and pushes find users."""

from collections.abc import Mapping

from tcelib.error import RPCERROR_INTERFACE_NOTFOUND, RPCERROR_SENDFAILED, DecodeError
from tcelib.gateway.action import SERVE, Action
from tcelib.gateway.client import Client, Door
from tcelib.gateway.head import FORWARDED, HEAD, refusal, with_call_id
from tcelib.gateway.source import Source
from tcelib.gateway.state import GatewayState
from tcelib.gateway.traffic import OPERATION, SHIFT
from tcelib.gateway.verb import Reason, Verb
from tcelib.wire.extra_map import LENGTH_BYTES, named, values_of, without
from tcelib.wire.message import CALL, MESSAGE_BYTES, MQ_RETURN, ONEWAY, RETURN, USER_ID, Packet

_USER, _QUEUE = USER_ID.encode(), MQ_RETURN.encode()
_USER_NAME = named(USER_ID)
_unpack = HEAD.unpack_from


class ServiceSide:
    """Decides about the messages of services. See ``router`` for the table of all decisions."""

    def __init__(self, state: GatewayState) -> None:
        self._state = state

    def source(self, name: str) -> Source:
        """Return a queue that is read, or a service that is connected to. Raises ``KeyError`` for another name."""
        return self._state.table.sources[name]

    def receive_packet(self, source: Source, packet: Packet, now_us: int = 0) -> Action:
        """Decide about a message that came in an envelope, over the connection to a service. See ``receive``."""
        return self.receive(source, HEAD.pack(*packet[0][4:]) + packet[1], now_us)

    def receive(self, source: Source, body: bytes, now_us: int = 0) -> Action:
        """Decide about a message off a queue: a body without envelope.

        ``now_us`` is in microseconds of the clock of all deadlines; without it, nobody learns how long the call took.
        """
        state = self._state
        if len(body) < MESSAGE_BYTES:
            return state.drop(Reason.MALFORMED)
        _, sequence, calltype, route, errcode, _, call_id, count = _unpack(body)
        if calltype & (CALL | RETURN) != RETURN:
            return self._call(source, body)
        doors = source.returns.get(route >> 16) if call_id & FORWARDED else None
        if doors is None:
            return self._answer_of_none(source, route, call_id, body)
        try:
            user = _user_of(body, count, source.answers)
        except DecodeError:
            return state.drop(Reason.MALFORMED)
        key = route >> 16 << 48 | call_id << 32 | sequence  # see `parts_of`
        for door in doors:
            client = door.homes.get(user)
            if client is not None and key in client.waiting:
                return self._deliver(client, key, body, errcode, now_us)
        owner = _owner_elsewhere(doors, key, user)
        return state.drop(Reason.LATE) if owner is None else self._deliver(owner, key, body, errcode, now_us)

    def undelivered(self, client: Client, body: bytes) -> Action:
        """Decide about a message that was to be delivered and cannot be, because it is longer than clients take.

        The caller of an answer gets SENDFAILED; there may be no other answer.
        """
        _, sequence, calltype, route, _, _, call_id, _ = _unpack(body)
        action = self._state.drop(Reason.TOO_LONG)
        if calltype & (CALL | RETURN) != RETURN or client.door.is_silent:
            return action
        return Verb.ANSWER, client, "", refusal(sequence, route, call_id, RPCERROR_SENDFAILED, client.user_pair)

    def _deliver(self, client: Client, key: int, body: bytes, errcode: int, now_us: int) -> Action:
        """Deliver an answer to the connection on which its call waits; it waits no more."""
        ticket = client.waiting.pop(key)
        traffic = self._state.traffic
        if traffic is not None:
            traffic[key >> 48 << SHIFT | ticket & OPERATION].answer(ticket, errcode, now_us)
        if errcode and client.door.is_silent:
            return self._state.drop(Reason.SILENCED)
        if client.mark:
            body = with_call_id(body, (key >> 32 & 0xFFFF) ^ client.mark)
        return Verb.DELIVER, client, "", body

    def _answer_of_none(self, source: Source, route: int, call_id: int, body: bytes) -> Action:
        """Decide about an answer that no client gets: it is for a call of this program, or goes on to a queue."""
        if not call_id & FORWARDED or not self._state.table.has_routes:
            return SERVE
        queue = source.return_queues.get(route >> 16)
        return self._state.drop(Reason.NO_ROUTE) if queue is None else (Verb.WRITE, None, queue, body)

    def _call(self, source: Source, body: bytes) -> Action:
        _, _, calltype, route, _, _, _, count = _unpack(body)
        interface = route >> 16
        if interface in self._state.local:
            return SERVE
        try:
            values = values_of(count, body[MESSAGE_BYTES:])
        except DecodeError:
            return self._state.drop(Reason.MALFORMED)
        if not calltype & CALL:
            return self._state.drop(Reason.MALFORMED)
        if interface in source.bridges:
            return self._bridge(source, body)
        return self._push(source, body, values)

    def _push(self, source: Source, body: bytes, values: Mapping[bytes, bytes]) -> Action:
        """Deliver a call to a user who is here, or pass it on to where he is."""
        _, _, calltype, route, _, _, call_id, _ = _unpack(body)
        doors, user = source.pushes.get(route >> 16, ()), values.get(_USER, b"")
        for door in doors:
            client = door.homes.get(user)
            if client is not None:
                return Verb.DELIVER, client, "", with_call_id(body, call_id | FORWARDED)
        if doors and calltype & ONEWAY and user and self._state.finds_users and not source.is_topic:
            return Verb.PASS, None, user.decode("utf-8", "replace"), body
        return self._refuse(source, body, values, Reason.NOT_HERE if doors else Reason.NO_ROUTE)

    def _bridge(self, source: Source, body: bytes) -> Action:
        """Pass a call on from one queue to another. It has no deadline: nobody at this gateway waits for it."""
        kind, sequence, calltype, route, errcode, paramsize, call_id, count = _unpack(body)
        way = source.bridges[route >> 16]
        rest = body[MESSAGE_BYTES:]
        if way.front:
            count, rest = without(count, rest, (_QUEUE,))
            count += 1
        head = HEAD.pack(kind, sequence, calltype, route, errcode, paramsize, call_id | FORWARDED, count)
        return way.verb, None, way.target, b"".join((head, way.front, rest))

    def _refuse(self, source: Source, body: bytes, values: Mapping[bytes, bytes], reason: Reason) -> Action:
        """Answer the call of a service that waits for it, where this gateway writes to the queue that it names.

        Not the calls on a topic: another gateway may have the user.
        """
        _, sequence, calltype, route, _, _, call_id, _ = _unpack(body)
        queue = values.get(_QUEUE, b"").decode("utf-8", "replace")
        if calltype & ONEWAY or source.is_topic or queue not in self._state.table.writes:
            return self._state.drop(reason)
        self._state.refused[reason] += 1
        user = values.get(_USER)
        pair = b"" if user is None else _USER_NAME + len(user).to_bytes(LENGTH_BYTES, "big") + user
        return Verb.WRITE, None, queue, refusal(sequence, route, call_id, RPCERROR_INTERFACE_NOTFOUND, pair)


def _owner_elsewhere(doors: tuple[Door, ...], key: int, user: bytes) -> Client | None:
    """Return another connection of a user on which a call waits, or one that had this user id when it called."""
    owners = (door.owner_of(key, user) for door in doors)
    return next((client for client in owners if client is not None), None)


def _user_of(body: bytes, count: int, answers: bytes) -> bytes:
    """Return the user's id in an answer, b'' without one. Raises ``DecodeError`` for extra values that are cut.

    Our calls begin with ``answers`` and the user's id, and so do the answers of Python's services; Java's have the
    user's id alone. Where it is found there, the other values are not taken apart.
    """
    at = MESSAGE_BYTES
    if count > 1 and answers and body.startswith(answers, at):
        at += len(answers)
        count -= 1
    if count and body.startswith(_USER_NAME, at):
        begin = at + len(_USER_NAME) + LENGTH_BYTES
        end = begin + int.from_bytes(body[begin - LENGTH_BYTES : begin], "big")
        if begin <= end <= len(body):
            return body[begin:end]
    return values_of(count, body[at:]).get(_USER, b"")

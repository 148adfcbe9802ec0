"""RpcGate: does what the routing core (``tcelib.gateway``) decides, for the callers of this server.

Calls cross the bridge to the service thread, which owns the queues; answers come back over it. A caller whose call
finds no room, because too many of its own wait for answers or too much waits for the queue, is told to wait. The
websocket thread only.
"""

import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import CallFailed, CallsLeft, Message, PassCall, ServiceBodies, SilentQueues
from rtserver.rpc.route import RpcRoute
from rtserver.rpc.routing import DOOR, routing_table
from tcelib.gateway.action import Action
from tcelib.gateway.client import Client
from tcelib.gateway.router import Router
from tcelib.gateway.state import GatewayState
from tcelib.gateway.verb import Reason, Verb
from tcelib.wire.message import CALLTYPE, ONEWAY, ROUTE, Packet

PAUSE_BYTES = 4 * 1024 * 1024
"""While calls of more than this are on their way to a queue, its callers are read no further."""
LOOK_SECONDS = 0.25
"""Time between two looks at deadlines."""
log = logging.getLogger(__name__)


class Caller(Protocol):
    """Sender of calls, on one connection of a user. ``number`` is the gate's for it."""

    number: int

    def deliver(self, body: bytes) -> bool:
        """Send the client an answer, which is a message without envelope. Return false if it is too long for it."""

    def on_room(self) -> None:
        """Try again, or go on: there is room. Called at the end, too."""


class RpcGate:
    """Router of one server, with its callers. ``answers`` maps each queue to that of its answers.

    ``post`` puts a message on the bridge to the services; ``now`` is the monotonic clock.
    """

    def __init__(
        self,
        routes: Sequence[RpcRoute],
        answers: Mapping[str, str],
        *,
        post: Callable[[Message], object],
        now: Callable[[], float],
    ) -> None:
        self.passed: Counter[str] = Counter({route.queue: 0 for route in routes})
        """Number of calls that were passed on, by queue."""
        self._routes = {index: route for route in routes for index in route.interfaces}
        self._names = {each.route: each.full_name for route in routes for each in route.operations}
        self._router = Router(routing_table(routes, answers))
        self._sources = {queue: self._router.services.source(answers[queue]) for queue in answers}
        self._post = post
        self._now = now
        self._clients: dict[int, Client] = {}
        self._last_number = 0
        self._under_way: Counter[str] = Counter()
        self._full: set[Client] = set()
        self._stalled: dict[str, set[int]] = {}

    @property
    def state(self) -> GatewayState:
        """State of the core, with its counters."""
        return self._router.state

    @property
    def waiting(self) -> int:
        """Number of calls that wait for their answers."""
        return sum(len(client.waiting) for client in self._clients.values())

    def has_interface(self, index: int) -> bool:
        """Return whether calls of an interface go to a service."""
        return index in self._routes

    def name_of(self, route: int) -> str | None:
        """Return the full name of an operation by its indexes; None for one that the IDL does not have."""
        return self._names.get(route)

    def connect(self, caller: Caller, user_id: str) -> Client:
        """Let a user's calls in. The client that is returned belongs to ``take``."""
        self._last_number += 1
        caller.number = self._last_number
        client = self._clients[caller.number] = self._router.clients.connect(DOOR, caller)
        self._router.clients.name(client, user_id)
        return client

    def part(self, caller: Caller) -> None:
        """Forget a caller whose connection is over. The answers of its calls are late from now on."""
        client = self._clients.pop(caller.number, None)
        if client is not None:
            self._full.discard(client)
            self._router.clients.disconnect(client)
            caller.on_room()

    def take(self, client: Client, packet: Packet) -> tuple[Action, bool]:
        """Pass on a call. Return what was decided, and whether the caller must wait for ``on_room``.

        At HOLD the call was not taken and must be given again.
        """
        action = verb, _, queue, body = self._router.clients.receive(client, packet, self._now())
        if verb is Verb.WRITE:
            return action, self._pass_on(client, packet[0], queue, body)
        if verb is Verb.HOLD:
            self._full.add(client)
            return action, True
        self._deliver(action)
        return action, False

    def expire(self) -> None:
        """Answer the calls whose time is over. To be called every ``LOOK_SECONDS``."""
        for action in tuple(self._router.clients.expire(self._now())):
            self._deliver(action)

    def receivers(self) -> Mapping[type[Message], Callable[..., object]]:
        """Return who takes which message from the bridge."""
        return {
            ServiceBodies: self._on_bodies,
            CallsLeft: self._on_left,
            CallFailed: self._on_failed,
            SilentQueues: self._on_silent,
        }

    def _pass_on(self, client: Client, fields: tuple[int, ...], queue: str, body: bytes) -> bool:
        route = self._routes[fields[ROUTE] >> 16]
        is_oneway = fields[CALLTYPE] & ONEWAY
        deadline = math.inf if is_oneway else self._now() + route.timeout
        caller: Caller = client.connection
        # At shutdown the services may have stopped first; the connections follow.
        with suppress(BridgeClosedError):
            self._post(PassCall(queue, body, 0 if is_oneway else caller.number, deadline, route.is_idempotent))
            self._under_way[queue] += len(body)
            self.passed[queue] += 1
        if self._under_way[queue] <= PAUSE_BYTES:
            return False
        self._stalled.setdefault(queue, set()).add(caller.number)
        return True

    def _deliver(self, action: Action) -> None:
        verb, client, queue, body = action
        if client is not None:
            self._give(client, body)
            if client in self._full and not client.is_full:
                self._full.discard(client)
                client.connection.on_room()
        elif verb is Verb.WRITE:  # the refusal of what a service has sent by mistake
            with suppress(BridgeClosedError):
                self._post(PassCall(queue, body, 0, math.inf, False))
                self._under_way[queue] += len(body)

    def _give(self, client: Client, body: bytes) -> None:
        caller: Caller = client.connection
        try:
            if not caller.deliver(body):
                verb, _, _, error = self._router.services.undelivered(client, body)
                if verb is Verb.ANSWER:
                    caller.deliver(error)
        except BaseException:  # a push tells handlers of a lag or an end; the other answers must arrive all the same
            log.exception("! an answer was not delivered")

    def _on_bodies(self, message: ServiceBodies) -> None:
        source = self._sources[message.queue]
        for body in message.bodies:
            self._deliver(self._router.services.receive(source, body))

    def _on_left(self, message: CallsLeft) -> None:
        self._under_way[message.queue] -= message.size
        if self._under_way[message.queue] <= PAUSE_BYTES:
            for number in self._stalled.pop(message.queue, ()):
                client = self._clients.get(number)
                if client is not None:
                    client.connection.on_room()

    def _on_failed(self, message: CallFailed) -> None:
        client = self._clients.get(message.sender)
        if client is not None:
            reason = Reason.LOST if message.is_lost else Reason.UNSENT
            self._deliver(self._router.clients.unsent(client, message.body, reason))

    def _on_silent(self, message: SilentQueues) -> None:
        self.state.away.clear()
        self.state.away.update(message.queues)

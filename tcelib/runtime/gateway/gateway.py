"""Gateway: does what its router decides, for the clients, queues and services of one server of services.xml.

A client whose call finds no room, because too many of its calls wait for answers or too much waits for the queue, is
read no further until there is room. Neither is a queue whose messages go on to a full one. Deadlines are looked at
four times a second.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
import gevent.event

from tcelib.core.connection import RpcConnection
from tcelib.core.proxy import AF_READ, AF_WRITE
from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.error import RpcException
from tcelib.gateway.action import Action
from tcelib.gateway.client import Client
from tcelib.gateway.config.model import Server, Services
from tcelib.gateway.router import Router
from tcelib.gateway.source import Source
from tcelib.gateway.table import build_table
from tcelib.gateway.user_id import UserIds
from tcelib.gateway.verb import Reason, Verb
from tcelib.limit.door_guard import DoorGuard
from tcelib.runtime.gateway.error import START_ERRORS, GatewayError, told
from tcelib.runtime.gateway.event_relay import EventRelay, check_events, event_writer
from tcelib.runtime.gateway.kept_loop import spawn_kept
from tcelib.runtime.gateway.open_file import most_files
from tcelib.runtime.gateway.parcel import Parcel
from tcelib.runtime.gateway.peer import Peer
from tcelib.runtime.gateway.queue_writer import QueueWriter
from tcelib.runtime.gateway.reading import Reading
from tcelib.runtime.gateway.registry import Registries, places_of
from tcelib.transport.hub.queue_link import QueueLink
from tcelib.wire.message import ROUTE, Packet

if TYPE_CHECKING:
    from tcelib.runtime.gateway.admin_server import AdminServer

LOOK_SECONDS = 0.25
Opens = Callable[[str, int], RpcConnection]
"""Opens an endpoint by its name, with AF_READ or AF_WRITE."""
log = logging.getLogger("tce.gateway")


class Gateway:
    """One gateway. ``open_endpoint`` is the program's; the queues that it opens stay the program's, too."""

    def __init__(self, services: Services, server: Server, open_endpoint: Opens, user_ids: UserIds) -> None:
        self.router = Router(build_table(services, server), user_ids)
        self.guard: DoorGuard[Any] = DoorGuard(server.limits, files=most_files())
        self._services = services
        self._server = server
        self._open = open_endpoint
        self._timeouts = {route.index: route.timeout for route in server.routes}
        self._idempotent = frozenset(route.index for route in server.routes if route.is_idempotent)
        self._clients: dict[RpcConnection, Client] = {}
        self._rooms: dict[Client, gevent.event.Event] = {}
        self._writers: dict[str, QueueWriter[Client]] = {}
        self._readers: dict[str, QueueLink] = {}
        self._fed: dict[str, set[str]] = {}
        """Queues onto which messages of a queue went, by its name."""
        self._peers: dict[str, Peer] = {}
        self._registries = Registries(
            places_of(server, services.endpoints), self.router, self._act, event_writer(server)
        )
        self._relay: EventRelay | None = None
        self._watch: gevent.Greenlet | None = None
        self._admin: AdminServer | None = None

    def start(self) -> None:
        """Open every queue and every service. Raises ``GatewayError`` that names the first that cannot be opened."""
        check_events(self._server, self._registries.url)
        endpoints = self._services.endpoints
        queues = [name for name in self._server.writes if endpoints[name].type.is_queue]
        writers = {name: self._open_queue(name, AF_WRITE) for name in queues}
        for name, queue in writers.items():
            assert isinstance(queue.link.transport, QueueLink)
            self._writers[name] = QueueWriter(queue.link.transport, self._on_unsent, name=name)
        self._registries.start()  # before a message is taken whose user is at another gateway
        readers: dict[str, RpcQueueConnection] = {}
        for name, source in self.router.state.table.sources.items():
            if endpoints[name].type.is_queue:
                readers[name] = queue = self._open_queue(name, AF_READ)
                queue.route_bodies = partial(self._take_bodies, source)
                assert isinstance(queue.link.transport, QueueLink)
                self._readers[name] = queue.link.transport
            else:
                connection = self._opened(name, AF_WRITE)
                connection.router = partial(self._take_of_peer, source)
                self._peers[name] = Peer(name, connection, partial(self._lose_peer, name))
        for calls, answers in self._server.loopbacks.items():  # of servants of this program
            if calls in writers:
                writers[calls].setLoopbackMQ(readers[answers])
        self._relay_events()
        self._watch = spawn_kept(self._expire, "holds the deadlines of calls")

    def close(self) -> None:
        """Pass on what is under way, and end."""
        if self._watch is not None:
            self._watch.kill()
        for peer in self._peers.values():
            peer.close()
        for writer in self._writers.values():
            writer.close()
        if self._relay is not None:
            self._relay.close()
        self._registries.close()
        if self._admin is not None:
            self._admin.close()
        for client in tuple(self._rooms):
            self._make_room(client)

    def readings(self) -> Iterator[Reading]:
        """Yield the state of each queue, for monitors."""
        for name, writer in self._writers.items():
            yield Reading(f"write {name}", not writer.trouble, writer.trouble or "good")
        for name, link in self._readers.items():
            yield Reading(f"read {name}", not link.trouble, link.trouble or "good")

    def serve_admin(self, address: str, idl: Sequence[str]) -> int:
        """Answer monitors at ``address`` and nowhere else. Return the port. See ``AdminServer`` and ``names_of``."""
        from tcelib.runtime.gateway.admin_server import AdminServer, names_of  # loads what many gateways do not need

        if self._admin is not None:
            self._admin.close()
        names = names_of(self._services.interfaces, idl)
        self._admin = AdminServer(address, self.router.state, names, self.readings, self.guard.counted.counts)
        return self._admin.port

    def is_door(self, name: str) -> bool:
        """Return true if clients come in at this endpoint."""
        return name in self.router.state.table.doors

    def is_silent(self, door: str) -> bool:
        """Return true if the clients of this endpoint are sent no errors."""
        return self.router.state.table.doors[door].is_silent

    def serve_here(self, routes: Iterable[int]) -> None:
        """Leave the calls of these routes to the servants of this program."""
        self.router.state.local.update(route >> 16 for route in routes)

    # Clients.

    def meet(self, door: str, conn: RpcConnection) -> None:
        """Know a connection of a client that is open, or that has another user now."""
        client = self._clients.get(conn)
        if client is None:
            client = self._clients[conn] = self.router.clients.connect(door, conn)
            conn.router = partial(self._take, client)
            if client.user_id and not conn.getUserId():
                conn.setUserId(client.user_id, is_known=False)
                self._tell_users("", client.user_id)
                return
        user_id = conn.getUserId()
        if user_id and user_id != client.user_id:
            former = client.user_id
            self.router.clients.name(client, user_id)
            self._tell_users(former, user_id)

    def part(self, conn: RpcConnection) -> None:
        """Forget a connection that is lost."""
        client = self._clients.pop(conn, None)
        if client is not None:
            conn.router = None
            self.router.clients.disconnect(client)
            self._tell_users(client.user_id, "")
            self._make_room(client)

    def _relay_events(self) -> None:
        """Bring events of users onto their queue."""
        events, url = self._server.user_events, self._registries.url
        if events is not None and url:
            self._relay = EventRelay(url, self._writers[events[1]].link)

    def _tell_users(self, former: str, user_id: str) -> None:
        """Tell of a connection that another user has now, or none."""
        users = self._registries.users
        if users is not None and user_id:
            users.came(user_id)
        if users is not None and former:
            users.went(former)

    def _take(self, client: Client, packet: Packet) -> bool:
        """Pass on a message of a client. Return false if it is for this program."""
        now = time.monotonic()
        verb, _, name, body = action = self.router.clients.receive(client, packet, now)
        while verb is Verb.HOLD:
            self._wait_for(client)
            if client.connection not in self._clients:
                return True
            verb, _, name, body = action = self.router.clients.receive(client, packet, time.monotonic())
        if verb is Verb.CALL:
            if not self._peers[name].send(body):
                self._act(self.router.clients.unsent(client, body))
            return True
        if verb is not Verb.WRITE:
            return self._act(action)
        index = packet[0][ROUTE] >> 16
        writer = self._writers[name]
        writer.add(Parcel(body, client, time.time() + self._timeouts[index], index in self._idempotent))
        if not writer.has_room:
            self._pause(client, writer.wait_room)
        return True

    def _wait_for(self, client: Client) -> None:
        room = self._rooms.setdefault(client, gevent.event.Event())  # another greenlet of the client may wait, too
        self._pause(client, room.wait)

    def _pause(self, client: Client, wait: Callable[[], object]) -> None:
        """Wait in the middle of a client's turn; nothing more is taken from it meanwhile."""
        with client.connection.held():
            wait()

    def _make_room(self, client: Client) -> None:
        room = self._rooms.pop(client, None)
        if room is not None:
            room.set()

    def _send(self, client: Client, bodies: Sequence[bytes]) -> None:
        try:
            for body in client.connection.link.push_bodies(bodies):
                self._refuse_too_long(client, body)
        except RpcException as failure:
            log.debug("messages were not delivered: %s", failure)
        if self._rooms:
            self._make_room(client)

    def _refuse_too_long(self, client: Client, body: bytes) -> None:
        """Tell a client of an answer that is too long for it."""
        log.warning("! a message was not delivered to user %s: %d bytes are too many", client.user_id, len(body))
        verb, _, _, error = self.router.services.undelivered(client, body)
        if verb is Verb.ANSWER:
            client.connection.link.push_body(error)

    # Queues and services.

    def _open_queue(self, name: str, af: int) -> RpcQueueConnection:
        queue = self._opened(name, af)
        assert isinstance(queue, RpcQueueConnection)
        return queue

    def _opened(self, name: str, af: int) -> RpcConnection:
        try:
            return self._open(name, af)
        except START_ERRORS as error:
            raise GatewayError(f"{name} cannot be opened: {told(error)}") from error

    def _take_bodies(self, source: Source, bodies: Sequence[bytes], is_again: bool) -> list[int]:
        """Pass on messages off a queue. Return the places of those that are for this program.

        What one client gets of them leaves in one write: a system call takes as long as all the rest. Calls that come
        again go to clients alone: they broke off on their way here, as a rule.
        """
        self._wait_for_queues(source.name)
        now_us, receive = time.monotonic_ns() // 1000, self.router.services.receive
        mail: dict[Client, list[bytes]] = {}
        own = []
        for place, body in enumerate(bodies):
            verb, client, name, message = action = receive(source, body, now_us)
            if client is not None:
                mail.setdefault(client, []).append(message)
            elif verb is Verb.SERVE or is_again:
                own.append(place)
            elif verb is not Verb.DROP:
                self._act(action)
                if verb is Verb.WRITE:
                    self._fed.setdefault(source.name, set()).add(name)
        for client, messages in mail.items():
            self._send(client, messages)
        return own

    def _wait_for_queues(self, source: str) -> None:
        """Wait until the queues that a queue leads to have room: what is taken of it stays unacknowledged.

        A queue that is read no further waits no longer, so that what was taken leaves.
        """
        for name in tuple(self._fed.get(source, ())):
            while not (self._writers[name].has_room or self._readers[source].is_draining):
                self._writers[name].wait_room(LOOK_SECONDS)

    def _take_of_peer(self, source: Source, packet: Packet) -> bool:
        """Pass on a message of a service that is connected to. Return false if it is for this program."""
        return self._act(self.router.services.receive_packet(source, packet, time.monotonic_ns() // 1000))

    def _act(self, action: Action) -> bool:
        verb, client, name, body = action
        if client is not None:
            self._send(client, (body,))
        elif verb is Verb.WRITE:
            self._writers[name].add(Parcel(body, None, math.inf, is_idempotent=False))
        elif verb is Verb.CALL:
            self._peers[name].send(body)
        elif verb is Verb.PASS and self._registries.users is not None:
            self._registries.users.pass_on(name, body)
        return verb is not Verb.SERVE

    def _lose_peer(self, name: str, reason: Reason) -> None:
        for action in tuple(self.router.clients.lost(name, reason)):
            self._act(action)

    def _on_unsent(self, parcel: Parcel[Client], is_lost: bool) -> None:
        reason = Reason.LOST if is_lost else Reason.UNSENT
        if parcel.sender is None:
            self.router.state.drop(reason)
        else:
            self._act(self.router.clients.unsent(parcel.sender, parcel.body, reason))

    def _expire(self) -> None:
        while True:
            gevent.sleep(LOOK_SECONDS)
            for action in tuple(self.router.clients.expire(time.monotonic())):
                self._act(action)
            for client in tuple(self._rooms):  # errors that nobody is sent make room as well
                if not client.is_full:
                    self._make_room(client)

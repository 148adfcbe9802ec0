# ruff: noqa: N802  the names that TCE's users know
"""The front of the gevent runtime: one object that listens, connects and waits, as TCE's users know it.

    tce.RpcCommunicator.instance().init("server")
    tce.RpcCommunicator.instance().createAdapter("first", tce.RpcEndPoint(port=16005)).addServant(ServerImpl())
    tce.RpcCommunicator.instance().waitForShutdown()

Decides which transport an endpoint gets and what its connections inherit. ``instance()`` is a default for programs;
an ``RpcCommunicator()`` of one's own works beside it. Each belongs to the thread that made it, and to its hub.
"""

import logging
import os
import signal
import threading
from dataclasses import replace
from typing import Any, ClassVar, Self
from weakref import WeakSet

import gevent
import gevent.event

from tcelib.core import endpoint_table
from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.call_option import DEFAULT_CALL_TIMEOUT
from tcelib.core.connection import RpcConnection
from tcelib.core.listener import RpcConnectionEventListener
from tcelib.core.proxy import AF_READ, AF_WRITE
from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.fork import forget_in_children
from tcelib.gateway.config.model import Services
from tcelib.gateway.user_id import UserIds
from tcelib.runtime.endpoint import WEBSOCKET, EndPointAddress
from tcelib.runtime.gateway.door_adapter import DoorAdapter
from tcelib.runtime.gateway.error import GatewayError
from tcelib.runtime.gateway.gateway import Gateway
from tcelib.runtime.gateway.gateway_lease import draw_number
from tcelib.runtime.gateway.message_route import services_of
from tcelib.runtime.local_server import LocalServer
from tcelib.runtime.user_connection import UserConnection
from tcelib.runtime.user_pushes import UserPushes, registries_of
from tcelib.transport import gevent_tcp, gevent_websocket
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.transport.hub.queue_kind import KINDS, open_queue
from tcelib.transport.hub.server import GeventServer
from tcelib.transport.option import DEFAULTS, Options

PASSING = 1_000
"""Messages that a gateway takes off a queue at once: it waits for no servant of its own."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
log = logging.getLogger("tce.gateway")


class RpcEndPoint(EndPointAddress):
    """Address of a listener, or of a client's peer, with its kind and its TLS.

    ``type_`` is 'socket', 'websocket', or the kind of a queue: 'stream' (a Redis stream, at least once), 'mq' (a
    Redis list, at most once; also called 'easymq') or 'qpid' (a broker of AMQP 1.0, at least once; needs
    ``rtserver[amqp]``). ``addr`` is a WebSocket's path, a queue's key in Redis, or its address at a broker, as Qpid
    writes it (without it, ``name``). ``compress=0`` never sends compressed. TLS is on with ``ssl`` or with a
    ``certfile``: a server shows it (``keyfile`` may be the same file), a client trusts it, or without one what the
    system trusts; ``verify=False`` trusts everybody, as the original clients do. ``impl`` is the open connection.
    Raises ``ValueError`` for another type.
    """

    communicator: "RpcCommunicator | None" = None

    def open(self, af: int = AF_WRITE | AF_READ) -> RpcConnection:
        """Return the connection to the endpoint, made at the first request; its socket is opened by the first call.

        The default communicator opens endpoints that were added to none. A queue is read with AF_READ alone, and
        written to with AF_WRITE, however it is combined.
        """
        if self.impl is None:
            self.impl = (self.communicator or RpcCommunicator.instance()).connect(self, af)
        return self.impl


class RpcCommunicator:
    """See above. Properties with a meaning: ``rpc_call_timeout`` in seconds; ``userid_check``, which unless it is
    missing or 'false' keeps accepted connections from being given user ids; ``lease_seconds`` (10), after which
    others take the calls of a service that is dead or frozen, for streams that are opened from then on."""

    _default: ClassVar["RpcCommunicator | None"] = None

    def __init__(self) -> None:
        self._server = LocalServer("")
        self._poolsize = DEFAULTS.max_waiting_servants
        self._listener: RpcConnectionEventListener | None = None
        self._adapters: dict[str, RpcCommAdapter] = {}
        self._servers: list[GeventServer] = []
        self._endpoints: dict[str, RpcEndPoint] = {}
        # The reader of a socket keeps an open connection; the callers keep the others.
        self._connections: WeakSet[RpcConnection] = WeakSet()
        self._opened: WeakSet[RpcEndPoint] = WeakSet()
        self._queues = QueueCollection()
        self._gateway: Gateway | None = None
        self._pushes: UserPushes | None = None
        self._is_stopped = gevent.event.Event()
        self._is_awaited = False
        self._thread = threading.get_ident()
        self._hub = gevent.get_hub()
        forget_in_children(self)

    @classmethod
    def instance(cls) -> "RpcCommunicator":
        """The program's default communicator, made when it is first asked for."""
        if cls._default is None:
            cls._default = endpoint_table.DEFAULT.opener = cls()
        return cls._default

    def init(self, server_id: str = "localhost", poolsize: int | None = None) -> "RpcCommunicator":
        """Name this program. ``poolsize``: how many servants of one connection may wait at the same time."""
        self._server.name = server_id
        if poolsize is not None:
            self._poolsize = poolsize
        return self

    def initMessageRoute(self, path: str | os.PathLike[str]) -> bool:
        """Be the gateway that services.xml describes under this program's name. Its queues are opened at once.

        Return false if the file has mistakes, or an endpoint or the property ``admin`` cannot be opened; all is
        logged. A name that is not in the file has no routes. Raises ``OSError`` for a file that cannot be read.
        """
        services = services_of(path)
        if services is None:
            return False
        try:
            self.route(services)
            if self._gateway is not None and "admin" in self._server.properties:
                self.serveAdmin(self._server.properties["admin"])
        except (GatewayError, OSError, ValueError) as error:
            log.error("! %s", error)
            return False
        return True

    def route(self, services: Services) -> None:
        """Be the gateway of this program's name. Raises ``GatewayError`` for an endpoint that cannot be opened."""
        for endpoint in services.endpoints.values():
            self.addEndPoint(RpcEndPoint.of(endpoint))
        server = services.servers.get(self._server.name)
        if server is not None:
            self._server.describe(server, self._endpoints)
            self._gateway = Gateway(services, server, self._open_of_gateway, UserIds(draw_number()))
            self._gateway.start()

    def serveAdmin(self, address: str, *idl: str) -> int:
        """Answer monitors of this gateway at ``address``, "host:port": ``/healthz``, ``/readyz`` and ``/metrics``.

        The files ``idl`` give operations their names. Return the port. Raises ``ValueError`` for an address that is
        none, mistakes in these files, or a program that is no gateway, ``OSError`` if it cannot listen there.
        """
        if self._gateway is None:
            raise ValueError("this program is no gateway")
        return self._gateway.serve_admin(address, idl)

    # Adapters and endpoints.

    def createAdapter(self, id: str, ep: RpcEndPoint | str) -> RpcCommAdapter:  # noqa: A002
        """An adapter that listens at once on ``ep``, or on the endpoint of that name; if ``id`` is taken, the one
        there is. Raises ``OSError`` if it cannot listen, ``KeyError`` for a name that was not added.
        """
        if id not in self._adapters:
            endpoint = self._known_endpoint(ep) if isinstance(ep, str) else ep
            gateway = self._gateway
            is_door = gateway is not None and gateway.is_door(endpoint.name)
            adapter = DoorAdapter(id, endpoint, gateway) if is_door and gateway else RpcCommAdapter(id, endpoint)
            self._listen(adapter, endpoint)
            self._adapters[id] = adapter
        return self._adapters[id]

    def addAdapter(self, adapter: RpcCommAdapter) -> None:
        """Keep an adapter that listens nowhere."""
        self._adapters[adapter.id] = adapter

    def addEndPoint(self, ep: RpcEndPoint) -> RpcEndPoint:
        """Know an endpoint by its name, and open its connections here."""
        ep.communicator = self
        self._endpoints[ep.name] = ep
        return ep

    def initMQEndpoints(self, path: str) -> Self:
        """Know the queues that config.yml names for the program of this name, and open those that are written to.

        Queues on which answers come are read from now on, others when an adapter is made for them. Raises
        ``ValueError`` that names all that is wrong with the file; ``OSError`` if it cannot be read; ``ImportError``
        without PyYAML (the extra ``gateway``).
        """
        from tcelib.runtime.queue_setup import read_setup  # needs an extra that other programs do without

        setup = read_setup(path, self._server.name)
        for endpoint in setup.endpoints:
            self.addEndPoint(RpcEndPoint.of(endpoint))
        for name in setup.writes:
            self.openEndPoint(name)
        for calls, answers in setup.pairs.items():
            writer, reader = self.openEndPoint(calls), self.openEndPoint(answers, AF_READ)
            if isinstance(writer, RpcQueueConnection) and isinstance(reader, RpcQueueConnection):
                writer.setLoopbackMQ(reader)
        return self

    def openEndPoint(self, name: str, af: int = AF_WRITE) -> RpcConnection:
        """Return the connection to an endpoint. Raises ``KeyError`` for a name that was not added."""
        return self._known_endpoint(name).open(af)

    def openUser(self, user_id: object, linger: float = 0.0) -> RpcConnection:
        """Return a connection to a user, at whichever gateway he is when it is called. See ``Proxy.of``.

        Raises ``RpcException`` (CONNECT_FAILED) for a program that knows no queue in Redis.
        """
        if self._pushes is None:
            self._pushes = UserPushes(registries_of(self._server.properties, self._endpoints.values()))
        return UserConnection(str(user_id), self._pushes, DEFAULTS, linger)

    def _known_endpoint(self, name: str) -> RpcEndPoint:
        if name not in self._endpoints:
            raise endpoint_table.unknown_endpoint(name, self._endpoints)
        return self._endpoints[name]

    def connect(self, ep: RpcEndPoint, af: int) -> RpcConnection:
        """A new connection to ``ep``, closed with the communicator; ``ep.open`` gives the one there is."""
        return self._connect(ep, af, self._poolsize)

    def _connect(self, ep: RpcEndPoint, af: int, places: int) -> RpcConnection:
        options = replace(self._options(ep), max_waiting_servants=places)
        if ep.type in KINDS:
            connection: RpcConnection = self._open_queue(ep, af, options)
        elif ep.type == WEBSOCKET:
            connection = gevent_websocket.dial(*ep.address, ep.addr or "/", tls=ep.client_tls(), options=options)
        else:
            connection = gevent_tcp.dial(*ep.address, tls=ep.client_tls(), options=options)
        self._connections.add(connection)
        self._opened.add(ep)
        return connection

    def getConnectionMQCollection(self) -> QueueCollection:
        """The queues that are open: ``get(name)``."""
        return self._queues

    # Settings, for what is there and for what will be.

    def setConnectionEventListener(self, listener: RpcConnectionEventListener | None) -> None:
        """Tell ``listener`` of connections and of every message on them, except over queues."""
        self._listener = listener
        self._spread()

    def setRpcCallTimeout(self, seconds: float | None) -> None:
        """Set the timeout of calls without one of their own; 0 and None mean 30 seconds."""
        self.setProperty("rpc_call_timeout", seconds)

    def getRpcCallTimeout(self) -> float:
        """Return that timeout, in seconds."""
        return self._call_timeout

    def setProperty(self, name: str, value: Any) -> None:
        """Set one of the properties above, or one of your own."""
        self._server.properties[name] = value
        self._spread()

    def getProperties(self) -> dict[str, Any]:
        """Return the properties that were set."""
        return self._server.properties

    def currentServer(self) -> LocalServer:
        """This program."""
        return self._server

    def getLogger(self) -> logging.Logger:
        """The logger ``tce``, above all that tcelib logs to."""
        return logging.getLogger("tce")

    def sleep(self, secs: float) -> None:
        """See ``tce.sleep``."""
        gevent.sleep(secs)

    # The end.

    def waitForShutdown(self) -> None:
        """Serve until SIGINT, SIGTERM or ``shutdown``, then close everything."""
        previous = {}
        if threading.current_thread() is threading.main_thread():
            previous = {number: signal.signal(number, lambda *_: self._is_stopped.set()) for number in STOP_SIGNALS}
        keeps_running = self._hub.loop.async_()  # a hub with nothing to watch would end here
        keeps_running.start(_nothing)
        self._is_awaited = True
        try:
            self._is_stopped.wait()
        finally:
            self._is_awaited = False
            keeps_running.close()
            for number, handler in previous.items():
                signal.signal(number, handler)
        self._close()

    def shutdown(self) -> None:
        """End ``waitForShutdown`` and close everything; from any thread.

        A call over a connection that was there ends with SENDFAILED. To go on, open the endpoint again.
        """
        if threading.get_ident() == self._thread:
            self._is_stopped.set()
            if not self._is_awaited:
                self._close()
        else:
            self._hub.loop.run_callback_threadsafe(gevent.spawn, self.shutdown)

    def forget(self) -> None:
        """See ``tcelib.fork``: a child may listen anew, and its adapters are its own."""
        self._servers.clear()
        self._adapters.clear()
        self._queues = QueueCollection()
        self._pushes = None
        self._is_stopped = gevent.event.Event()
        self._is_awaited = False
        self._thread = threading.get_ident()
        self._hub = gevent.get_hub()
        for ep in self._opened:
            if ep.type in KINDS:
                ep.impl = None

    def _close(self) -> None:
        servers, self._servers = self._servers, []
        connections, self._connections = tuple(self._connections), WeakSet()
        opened, self._opened = tuple(self._opened), WeakSet()
        for server in servers:
            server.close()
        # Before that is closed which passes messages on, and the queues that the answers go to.
        self._queues.drain()
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            gateway.close()
        pushes, self._pushes = self._pushes, None
        if pushes is not None:
            pushes.close()
        for connection in connections:
            connection.retire("the communicator was shut down")
        for ep in opened:
            ep.impl = None
        self._adapters.clear()

    def _listen(self, adapter: RpcCommAdapter, ep: RpcEndPoint) -> None:
        if ep.type in KINDS:
            reader = self._queues.reader(ep.name) or self._open_queue(ep, AF_READ, self._options(ep))
            self._connections.add(reader)
            self._opened.add(ep)
            adapter.addConnection(reader)
            adapter.on_stop = lambda: reader.link.transport.drain(gevent.getcurrent())
        else:
            listen = gevent_websocket.listen if ep.type == WEBSOCKET else gevent_tcp.listen
            options = self._options(ep)
            if isinstance(adapter, DoorAdapter):
                options = adapter.limit(options)
            server = listen(adapter, *ep.address, tls=ep.server_tls(), options=options)
            ep.port = server.port
            self._servers.append(server)
            adapter.on_stop = server.close

    def _open_of_gateway(self, name: str, af: int) -> RpcConnection:
        """Open an endpoint of the gateway. An endpoint that is read and written has a connection for each."""
        ep = self._known_endpoint(name)
        connection = self._connect(ep, af, PASSING)
        if ep.impl is None or af & AF_WRITE:
            ep.impl = connection
        return connection

    def _open_queue(self, ep: RpcEndPoint, af: int, options: Options) -> RpcQueueConnection:
        return open_queue(
            ep.name,
            ep.queue_url,
            ep.queue_key,
            self._queues,
            kind=ep.type,
            reads=af == AF_READ,
            writes=bool(af & AF_WRITE),
            options=options,
        )

    def _options(self, ep: RpcEndPoint) -> Options:
        return Options(
            listener=self._listener,
            call_timeout=self._call_timeout,
            may_compress=bool(ep.compress),
            max_waiting_servants=self._poolsize,
            lease_seconds=float(self._server.properties.get("lease_seconds") or DEFAULTS.lease_seconds),
            gives_user_ids=self._gateway is None and self._server.properties.get("userid_check", "false") == "false",
        )

    @property
    def _call_timeout(self) -> float:
        return float(self._server.properties.get("rpc_call_timeout") or DEFAULT_CALL_TIMEOUT)

    def _spread(self) -> None:
        for server in self._servers:
            server.use(self._listener, self._call_timeout)
        for connection in tuple(self._connections):
            connection.call_timeout = self._call_timeout
            if not isinstance(connection, RpcQueueConnection):
                connection.listener = self._listener


def currentServer() -> LocalServer:
    """This program, as the default communicator knows it."""
    return RpcCommunicator.instance().currentServer()


def waitForShutdown() -> None:
    """See ``RpcCommunicator``; the default one's."""
    RpcCommunicator.instance().waitForShutdown()


def sleep(seconds: float | None = None) -> None:
    """Pause this greenlet and let the others go on; without a number, until the default communicator is told to stop.

    ``time.sleep`` in the thread of a communicator stops everything that arrives there, until it returns.
    """
    if seconds is None:
        waitForShutdown()
    else:
        gevent.sleep(seconds)


def _nothing() -> None:
    """Do nothing: the watcher is only there."""

"""Table of the servers that are compared: a row, and a script beside this file, for each."""

import sys
from dataclasses import dataclass, replace

from bench.peers.dialect import BROADCAST, CENTRIFUGO, NATS, NCHAN, PLAIN, RTSERVER, SOCKETIO, TCP, Dialect
from bench.peers.environment import program, python_of
from bench.peers.source import CProgram, GoProgram


@dataclass(frozen=True)
class Peer:
    """One row of the tables. ``server`` and ``publisher`` are scripts in this folder, or one script for both.

    A peer without a publisher makes the messages itself, in its own process. ``environment`` names its requirements
    (None: ours), ``needs`` the programs that have to be installed, ``source`` a program that is built.
    """

    name: str
    server: str = ""
    dialect: Dialect = PLAIN
    environment: str | None = None
    publisher: str | None = None
    uses_redis: bool = False
    uses_broker: bool = False
    """True if it needs the AMQP broker of tcelib."""
    needs: tuple[str, ...] = ()
    source: CProgram | GoProgram | None = None
    options: tuple[str, ...] = ()
    """Of its script's command line, or of rtserver's where it has none."""
    users: int = 0
    """Number of users who get own messages; of rtserver they are logged in, and 0 is the demo user alone."""
    queues: int = 1
    """Number of rtserver's queues."""
    compressed: bool = False
    """True if its clients insist on compression."""

    def python(self) -> str:
        """The interpreter for its scripts. Raises ``InstallError`` when something it needs is missing."""
        for name in self.needs:
            program(name)
        return python_of(self.environment) if self.environment else sys.executable


BARE = Peer("rtserver", "rtserver_bare.py")
UWEBSOCKETS = Peer("uWebSockets (socketify)", "uwebsockets.py", environment="uwebsockets")
PICOWS = Peer("picows, uvloop", "picows_loop.py", environment="picows")
WEBSOCKETS = Peer("websockets, broadcast", "websockets_broadcast.py", environment="websockets")
TORNADO = Peer("Tornado, write_message", "tornado_loop.py", environment="tornado")
PYTHON_SOCKETIO = Peer("python-socketio", "socketio_rooms.py", SOCKETIO, environment="socketio")
NATS_SERVER = Peer("nats-server", "nats.py", NATS, publisher="nats.py", needs=("nats-server",))
NCHAN_SERVER = Peer("Nchan", "nchan.py", NCHAN, publisher="nchan.py", needs=("nginx",))
CHANNELS = Peer(
    "Django Channels",
    "django_channels.py",
    environment="channels",
    publisher="django_channels.py",
    uses_redis=True,
)
PRODUCT = Peer("rtserver", dialect=RTSERVER, publisher="redis_publisher.py", uses_redis=True)
NOT_KEPT = replace(PRODUCT, name="rtserver, not kept")
TCELIB = Peer("tcelib", "tce.py", TCP)
TCELIB_GEVENT = Peer("tcelib, gevent", "tce.py", TCP, options=("--gevent",))
THRIFTPY2 = Peer("thriftpy2", "thrift.py", TCP, environment="thriftpy2")
ICE = Peer("ZeroC Ice", "ice_server.py", TCP, environment="ice")
GRPCIO = Peer("grpcio", "grpcio.py", TCP, environment="grpc")
GATEWAY = Peer(
    "gateway, Redis stream", "gateway.py", TCP, publisher="gateway.py", uses_redis=True, options=("--kind", "stream")
)
GATEWAY_LIST = replace(GATEWAY, name="gateway, Redis list", options=("--kind", "mq"))
GATEWAY_MEMORY = replace(GATEWAY, name="gateway, queue in memory", options=("--kind", "memory"), uses_redis=False)
GATEWAY_AMQP = replace(GATEWAY_MEMORY, name="gateway, AMQP 1.0", options=("--kind", "qpid"), uses_broker=True)
NATS_REQUESTS = replace(
    NATS_SERVER, name="nats-server, request", server="nats_requests.py", dialect=TCP, publisher="nats_requests.py"
)
SOURCE = Peer("the load client alone", "firehose.py", BROADCAST)
C_FLOOR = Peer("the C floor", "c_floor.py", BROADCAST, source=CProgram("floor"))
C_FLOOR_FROM_REDIS = replace(C_FLOOR, publisher="redis_publisher.py", uses_redis=True)
CENTRIFUGO_HTTP = Peer(
    "Centrifugo, HTTP API",
    "centrifugo.py",
    CENTRIFUGO,
    publisher="centrifugo.py",
    source=GoProgram("centrifugo", "github.com/centrifugal/centrifugo/v6", "v6.9.1"),
)
CENTRIFUGO_STREAM = replace(CENTRIFUGO_HTTP, name="Centrifugo, Redis stream", uses_redis=True)

LIBRARIES = (BARE, UWEBSOCKETS, PICOWS, WEBSOCKETS, TORNADO)
IN_PROCESS = (*LIBRARIES, PYTHON_SOCKETIO)
FROM_OUTSIDE = (NATS_SERVER, NCHAN_SERVER, CENTRIFUGO_HTTP)

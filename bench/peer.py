"""The servers that are compared, how each is started, and how it is told what to publish."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from bench.clients import Clients, open_up
from bench.environment import program, python_of
from bench.peers.dialect import FIREHOSE, NATS, NCHAN, PLAIN, RTSERVER, SOCKETIO, Dialect
from bench.peers.work import Order
from bench.process import LOAD_CORE, SERVER_CORE, pinned, redis_server, wait_listening
from bench.target import target
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.target import Target
from rtserver.bench.client.wire import session_key
from rtserver.bench.free_port import free_port
from rtserver.bench.local_server import LocalServer
from rtserver.bench.process import running

SCRIPTS = Path(__file__).resolve().parent / "peers"
REPOSITORY = SCRIPTS.parent.parent


@dataclass(frozen=True)
class Peer:
    """One row of the tables. ``server`` and ``publisher`` are scripts in ``bench/peers``.

    A peer without a publisher makes the messages itself, in its own process. ``environment`` names its requirements
    (None: ours), ``needs`` the programs that have to be installed.
    """

    name: str
    server: str = ""
    dialect: Dialect = PLAIN
    environment: str | None = None
    publisher: str | None = None
    uses_redis: bool = False
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    """Of rtserver's command line."""
    compressed: bool = False
    """Whether its clients insist on compression."""

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
NATS_SERVER = Peer("nats-server", "nats_server.py", NATS, publisher="nats_publisher.py", needs=("nats-server",))
NCHAN_SERVER = Peer("Nchan", "nchan_server.py", NCHAN, publisher="nchan_publisher.py", needs=("nginx",))
CHANNELS = Peer(
    "Django Channels",
    "channels_site.py",
    environment="channels",
    publisher="channels_publisher.py",
    uses_redis=True,
)
PRODUCT = Peer("rtserver", dialect=RTSERVER, publisher="redis_publisher.py", uses_redis=True)
TCELIB = Peer("tcelib", "tce_asyncio.py")
TCELIB_GEVENT = Peer("tcelib, gevent", "tce_gevent.py")
THRIFTPY2 = Peer("thriftpy2", "thrift_threads.py", environment="thriftpy2")
ICE = Peer("ZeroC Ice", "ice_server.py", environment="ice")
GRPCIO = Peer("grpcio", "grpc_aio.py", environment="grpc")
SOURCE = Peer("the load client alone", "firehose.py", FIREHOSE)

IN_PROCESS = (BARE, UWEBSOCKETS, PICOWS, WEBSOCKETS, TORNADO, PYTHON_SOCKETIO)
FROM_OUTSIDE = (NATS_SERVER, NCHAN_SERVER)


class RunningPeer:
    """A peer that is up. ``tokens`` let clients in."""

    def __init__(
        self, peer: Peer, port: int, pid: int, publisher: "subprocess.Popen[str]", tokens: Sequence[str] = ()
    ) -> None:
        self.peer = peer
        self.port = port
        self.pid = pid
        self._tokens = tokens
        self._publisher = publisher

    def order(self, order: Order) -> None:
        """Publish so much from now on. Raises ``TargetError`` if the process that publishes has ended."""
        assert self._publisher.stdin is not None
        try:
            self._publisher.stdin.write(json.dumps(asdict(order)) + "\n")
            self._publisher.stdin.flush()
        except BrokenPipeError:
            raise TargetError(f"{self.peer.name}: the process that publishes has ended") from None

    def rest(self) -> None:
        """Publish nothing."""
        self.order(Order())

    def clients(self, *, receive_buffer: int = 0) -> Clients:
        """Clients that are still to be connected."""
        target = Target("ws", "127.0.0.1", self.port, self.peer.dialect.path)
        return Clients(target, self._tokens, receive_buffer=receive_buffer, compressed=self.peer.compressed)

    def open_up(self, clients: Clients, topics: Sequence[int]) -> None:
        """Put all of them on the topics."""
        dialect = self.peer.dialect
        open_up(clients, dialect.opening(topics), dialect.mark, dialect.answers(topics))


@contextmanager
def started(peer: Peer) -> Iterator[RunningPeer]:
    """The peer, listening. Raises ``InstallError`` if it cannot be had, ``TargetError`` if it does not start."""
    with ExitStack() as stack:
        if peer.server:
            yield _start_script(peer, stack)
        else:
            found = stack.enter_context(target(*peer.options))
            publisher = start_publisher(stack, found)
            yield RunningPeer(peer, found.site.port, found.pid, publisher, [session_key(found.log_in())])


def start_publisher(stack: ExitStack, server: LocalServer, user_ids: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """A backend of rtserver, which takes orders on its stdin."""
    variables = {"BENCH_REDIS_URL": server.redis_url, "BENCH_QUEUE": server.queue, "BENCH_USERS": " ".join(user_ids)}
    return _start(stack, LOAD_CORE, [sys.executable, str(SCRIPTS / "redis_publisher.py")], variables)


def _start_script(peer: Peer, stack: ExitStack) -> RunningPeer:
    python = peer.python()
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    port = free_port()
    variables = {"BENCH_DIRECTORY": directory, "BENCH_PORT": str(port), "BENCH_NATS_PORT": str(free_port())}
    if peer.uses_redis:
        variables["BENCH_REDIS_URL"] = stack.enter_context(redis_server(directory))
    if peer.environment is None:
        variables["PYTHONPATH"] = str(REPOSITORY)
    errors = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
    server = _start(stack, SERVER_CORE, [python, str(SCRIPTS / peer.server), "--port", str(port)], variables, errors)
    try:
        wait_listening(server, port)
    except TargetError as error:
        raise TargetError(f"{error}; {last_line(errors)}") from None
    publisher = server
    if peer.publisher:
        publisher = _start(stack, LOAD_CORE, [python, str(SCRIPTS / peer.publisher)], variables)
    return RunningPeer(peer, port, server.pid, publisher)


def last_line(errors: IO[bytes]) -> str:
    """The last thing that a process said about its failure."""
    errors.seek(0)
    lines = [line.strip() for line in errors.read().decode(errors="replace").splitlines()]
    return next((line[:200] for line in reversed(lines) if line), "it said nothing")


def _start(
    stack: ExitStack,
    core: int,
    command: list[str],
    variables: Mapping[str, str],
    errors: "IO[bytes] | int" = subprocess.DEVNULL,
) -> "subprocess.Popen[str]":
    process: subprocess.Popen[str] = stack.enter_context(
        running(
            pinned(core, *command),
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
        )
    )
    return process

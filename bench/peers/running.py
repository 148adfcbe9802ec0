"""Peers under measurement: started, and told what to publish."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from bench.caller import PATIENCE, connected
from bench.clients import READ_BYTES, Clients, open_up
from bench.peers.table import Peer
from bench.peers.work import READY, Order
from bench.process import LOAD_CORE, SERVER_CORE, amqp_broker, pinned, redis_server, target, wait_listening
from bench.sessions import make_sessions
from rtserver.base.queue.shard import spread_names
from rtserver.base.wire.frame import Opcode
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.target import Target
from rtserver.bench.client.websocket import client_frame
from rtserver.bench.client.wire import session_key
from rtserver.bench.free_port import free_port
from rtserver.bench.process import running

SCRIPTS = Path(__file__).resolve().parent
REPOSITORY = SCRIPTS.parents[1]
QUEUE = "bench"
SETTLED = b'{"type":"ping","id":"settled"}'


class RunningPeer:
    """A peer that is up. ``tokens`` let clients in; from the list ``queue`` at ``redis_url`` it takes messages.

    ``queues`` are all of its lists, which share the topics.
    """

    def __init__(
        self,
        peer: Peer,
        port: int,
        pid: int,
        publisher: "subprocess.Popen[str] | None",
        *,
        tokens: Sequence[str] = (),
        redis_url: str = "",
        queues: Sequence[str] = ("",),
    ) -> None:
        self.peer = peer
        self.target = Target("ws", "127.0.0.1", port, peer.dialect.path)
        self.port = port
        self.pid = pid
        self.tokens = tokens
        self.redis_url = redis_url
        self.queues = tuple(queues)
        self.queue = self.queues[0]
        self._publisher = publisher

    def order(self, order: Order) -> None:
        """Publish so much from now on. Raises ``TargetError`` if the process that publishes has ended."""
        assert self._publisher is not None
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
        return Clients(self.target, self.tokens, receive_buffer=receive_buffer, compressed=self.peer.compressed)

    @contextmanager
    def sockets(self, count: int) -> Iterator[list[socket.socket]]:
        """Connected sockets on which calls can be made, upgraded where the peer speaks over a WebSocket."""
        with ExitStack() as stack:
            if self.peer.dialect.path:
                clients = self.clients()
                clients.connect(count)
                sockets = clients.hand_over()
            else:
                sockets = [connected(self.port) for _ in range(count)]
            for connection in sockets:
                stack.enter_context(connection)
                if self.peer.dialect.path:
                    _settle(connection)
            yield sockets

    def open_up(self, clients: Clients, topics: Sequence[int], numbers: Collection[int] | None = None) -> None:
        """Put those with these file numbers (None: all) on the topics."""
        dialect = self.peer.dialect
        open_up(clients, dialect.opening(topics), dialect.mark, dialect.answers(topics), numbers)


@contextmanager
def started(peer: Peer) -> Iterator[RunningPeer]:
    """The peer, listening. Raises ``InstallError`` if it cannot be had, ``TargetError`` if it does not start."""
    with ExitStack() as stack:
        if peer.server:
            yield _start_script(peer, stack)
        else:
            yield _start_product(peer, stack)


def _start_product(peer: Peer, stack: ExitStack) -> RunningPeer:
    queues = spread_names(QUEUE, peer.queues)
    server = stack.enter_context(target(*peer.options, queues=queues))
    sessions = make_sessions(server.redis_url, server.directory, peer.users) if peer.users else []
    keys = [session.key for session in sessions] or [session_key(server.log_in())]
    user_ids = " ".join(session.user_id for session in sessions)
    variables = {"BENCH_REDIS_URL": server.redis_url, "BENCH_QUEUE": " ".join(queues), "BENCH_USERS": user_ids}
    variables["PYTHONPATH"] = str(REPOSITORY)
    publisher = None
    if peer.publisher:
        publisher = _start_publisher(stack, [sys.executable, str(SCRIPTS / peer.publisher)], variables)
    return RunningPeer(
        peer,
        server.site.port,
        server.pid,
        publisher,
        tokens=keys,
        redis_url=server.redis_url,
        queues=queues,
    )


def _start_script(peer: Peer, stack: ExitStack) -> RunningPeer:
    python = peer.python()
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    port = free_port()
    variables = {"BENCH_DIRECTORY": directory, "BENCH_PORT": str(port), "BENCH_NATS_PORT": str(free_port())}
    variables |= {"BENCH_QUEUE": QUEUE, "BENCH_USERS": " ".join(map(str, range(peer.users)))}
    if peer.source is not None:
        variables["BENCH_PROGRAM"] = peer.source.path()
    if peer.uses_redis:
        variables["BENCH_REDIS_URL"] = stack.enter_context(redis_server(directory))
    if peer.uses_broker:
        variables["BENCH_AMQP_PORT"] = str(stack.enter_context(amqp_broker()))
    if peer.environment is None:
        variables["PYTHONPATH"] = str(REPOSITORY)
    errors = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
    server = _start(
        stack,
        SERVER_CORE,
        [python, str(SCRIPTS / peer.server), "--port", str(port), *peer.options],
        variables,
        errors=errors,
    )
    try:
        wait_listening(server, port)
    except TargetError as error:
        raise TargetError(f"{error}; {last_line(errors)}") from None
    publisher = server
    if peer.publisher:
        publisher = _start_publisher(
            stack, [python, str(SCRIPTS / peer.publisher), "--publish", *peer.options], variables
        )
    redis_url = variables.get("BENCH_REDIS_URL", "")
    return RunningPeer(peer, port, server.pid, publisher, redis_url=redis_url, queues=[QUEUE])


def _settle(connection: socket.socket) -> None:
    """Read what a WebSocket server says of itself, up to the answer to one request."""
    connection.settimeout(PATIENCE)
    connection.sendall(client_frame(Opcode.TEXT, SETTLED))
    heard = b""
    while not heard.endswith(b'"settled"}'):
        data = connection.recv(READ_BYTES)
        if not data:
            raise TargetError("the server closed a connection")
        heard += data
    connection.settimeout(None)


def last_line(errors: IO[bytes]) -> str:
    """The last thing that a process said about its failure."""
    errors.seek(0)
    lines = [line.strip() for line in errors.read().decode(errors="replace").splitlines()]
    return next((line[:200] for line in reversed(lines) if line), "it said nothing")


def _start_publisher(stack: ExitStack, command: list[str], variables: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Wait until it takes orders: the first ones would be measured as lost if it were still starting."""
    process = _start(stack, LOAD_CORE, command, variables, output=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        if process.stdout.readline().strip() != READY:
            raise TargetError("the process that publishes has not started")
    return process


def _start(
    stack: ExitStack,
    core: int,
    command: list[str],
    variables: Mapping[str, str],
    *,
    errors: "IO[bytes] | int" = subprocess.DEVNULL,
    output: int = subprocess.DEVNULL,
) -> "subprocess.Popen[str]":
    process: subprocess.Popen[str] = stack.enter_context(
        running(
            pinned(core, *command),
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            text=True,
        )
    )
    return process

"""Three real Sentinels, a primary and its replicas, and addresses that lead to whichever is the primary now.

Everything listens on free ports of 127.0.0.1, and each process is ended by its id.
"""

import asyncio
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Self

import redis

from soak.chaos.proxy import Proxy
from tests.conftest import unused_port
from tests.machine import LOOPBACK, Machine
from tests.redis_process import RedisProcess
from tests.until import PATIENCE_SECONDS, until

NAME = "primary"
SENTINELS, QUORUM = 3, 2
ANSWER_SECONDS = 1.0
STOP_SECONDS = 10.0
LOOKS = 50  # between two attempts to begin a failover
QUICK = {"INFO-PERIOD": 100, "PING-PERIOD": 250, "ASK-PERIOD": 50, "PUBLISH-PERIOD": 100, "TILT-TRIGGER": 60_000}
"""Milliseconds. Sentinels find each other by what they publish; TILT would let one stand still for half a minute.

What a replica says of itself once a second must be younger than five PING-PERIODs, or it is not promoted.
"""
LENIENT_DOWN_AFTER = 1_000
"""A replica that is cut off is promoted if it has heard nothing for no longer than ten times that."""
TIMEOUT, PATIENT_TIMEOUT = 1_000, 5_000
"""Milliseconds in which a failover has to come to its end. One that is given up halfway leaves a promoted replica
that the Sentinels do not take for the primary; one that nobody has asked for begins again after twice as long.
"""
PATIENT = {"PUBLISH-PERIOD": 2_000}
"""A Sentinel waits four times as long before it makes a replica of a primary that nobody has asked to go."""


class SentinelProcess:
    """One Sentinel, which watches the node on ``primary_port`` and finds so many ``replicas``."""

    def __init__(
        self,
        directory: Path,
        primary_port: int,
        replicas: int = 1,
        password: str = "",
        *,
        primary_host: str = "127.0.0.1",
        machine: Machine = LOOPBACK,
    ) -> None:
        self.port = unused_port()
        self.host = machine.host
        self._prefix = machine.prefix
        self._replicas = replicas
        self._file = directory / f"sentinel-{self.port}.conf"
        self._file.write_text(
            f"bind {self.host}\nprotected-mode no\nport {self.port}\ndir {directory}\n"
            f"sentinel monitor {NAME} {primary_host} {primary_port} {QUORUM}\n"
            f"sentinel down-after-milliseconds {NAME} 300\n"
            f"sentinel failover-timeout {NAME} {TIMEOUT}\n" + (f'requirepass "{password}"\n' if password else "")
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._client = redis.Redis(
            host=self.host,
            port=self.port,
            password=password or None,
            socket_timeout=ANSWER_SECONDS,
            decode_responses=True,
        )

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._process = subprocess.Popen(
            [*self._prefix, "redis-server", str(self._file), "--sentinel"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._client.ping, f"the Sentinel on port {self.port} answers", tolerated=redis.RedisError)
        self.tune(QUICK)

    def tune(self, periods: dict[str, int]) -> None:
        """Set some of its periods, in milliseconds."""
        for name, milliseconds in periods.items():
            self.ask("DEBUG", name, milliseconds)

    def ask(self, *words: str | int) -> Any:
        """A command of SENTINEL, as it is answered. Raises ``redis.RedisError``."""
        return self._client.execute_command("SENTINEL", *words)

    def primary_port(self) -> int:
        """The port of the node that it takes for the primary."""
        return int(self.ask("GET-MASTER-ADDR-BY-NAME", NAME)[1])

    def knows_all(self) -> bool:
        """Tell if it has found the replicas and the other Sentinels."""
        told = self.ask("MASTER", NAME)
        if not isinstance(told, dict):
            told = dict(zip(told[::2], told[1::2], strict=True))
        return (int(told["num-slaves"]), int(told["num-other-sentinels"])) == (self._replicas, SENTINELS - 1)

    def freeze(self) -> None:
        """Let it take connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """End it."""
        self._client.close()
        if self._process is not None:
            self.thaw()
            self._process.terminate()
            self._process.wait(STOP_SECONDS)
            self._process = None


class Forwarder:
    """An address whose new connections lead to the port that ``find_port`` names; those that are open stay."""

    def __init__(self, find_port: Callable[[], int]) -> None:
        self._find_port = find_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.proxy = Proxy(self._ports)

    def _ports(self) -> list[int]:
        with suppress(redis.RedisError):
            return [self._find_port()]
        return []

    @property
    def url(self) -> str:
        """The address that clients connect to."""
        return f"redis://127.0.0.1:{self.proxy.port}/0"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.proxy.__aenter__(), self._loop).result(PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.proxy.__aexit__(), self._loop).result(PATIENCE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)
        self._loop.close()


class SentinelGroup:
    """Use it as a context: when it is entered, everybody has found everybody and the replica follows.

    ``url`` leads each new connection to the primary that most Sentinels name at that moment; ``address`` names the
    Sentinels themselves.
    """

    def __init__(self, directory: Path, replicas: int = 1, machines: Sequence[Machine] = ()) -> None:
        self._stack = ExitStack()
        places = machines or [LOOPBACK] * max(SENTINELS, replicas + 1)
        first = RedisProcess(_made(directory / "first"), "--repl-diskless-sync-delay", "0", machine=places[0])
        others = [
            RedisProcess(
                _made(directory / f"replica-{number}"),
                *("--repl-diskless-sync-delay", "0", "--replicaof", f"{first.host} {first.port}"),
                machine=places[number + 1],
            )
            for number in range(replicas)
        ]
        self._nodes = {node.port: node for node in (first, *others)}
        self.sentinels = [
            SentinelProcess(
                _made(directory / str(n)), first.port, replicas, primary_host=first.host, machine=places[n]
            )
            for n in range(SENTINELS)
        ]
        self._forwarder = Forwarder(self.primary_port)

    @property
    def url(self) -> str:
        """The forwarding address."""
        return self._forwarder.url

    @property
    def address(self) -> str:
        """The address that names the Sentinels and their service."""
        places = ",".join(f"{sentinel.host}:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{places}/{NAME}/0"

    @property
    def primary(self) -> RedisProcess:
        """The node that most Sentinels take for the primary."""
        return self._nodes[self.primary_port()]

    @property
    def replica(self) -> RedisProcess:
        """The other one, or the first of the others."""
        return self.replicas[0]

    @property
    def replicas(self) -> list[RedisProcess]:
        """The others."""
        primary_port = self.primary_port()
        return [node for port, node in self._nodes.items() if port != primary_port]

    def primary_port(self) -> int:
        """The primary's port as most Sentinels say it; those that do not answer say nothing."""
        named: Counter[int] = Counter()
        for sentinel in self.sentinels:
            with suppress(redis.ConnectionError, redis.TimeoutError):
                named[sentinel.primary_port()] += 1
        [(port, _count)] = named.most_common(1)
        return port

    def wait_synced(self) -> None:
        """Until the replicas have all that the primary has."""
        for replica in self.replicas:
            wait_until_same(self.primary, replica)

    def stop_replication(self) -> None:
        """From now on the replicas get nothing, and stay fit to be promoted for some seconds."""
        for sentinel in self.sentinels:
            sentinel.ask("SET", NAME, "down-after-milliseconds", LENIENT_DOWN_AFTER)
        for node in self.replicas:
            with client_of(node) as replica:
                replica.config_set("masterauth", "a password that the primary does not have")
        with client_of(self.primary) as primary:
            primary.execute_command("CLIENT", "KILL", "TYPE", "replica")
        until(self._is_cut_off, "the replicas are cut off", tolerated=redis.RedisError)

    def _is_cut_off(self) -> bool:
        links = []
        for node in self.replicas:
            with client_of(node) as replica:
                links.append(replica.info("replication")["master_link_status"])
        return "up" not in links

    def fail_over(self) -> None:
        """Promote the replica. The old primary stays up, as a replica that keeps the connections of its clients.

        Sentinels themselves would end them, many seconds later; whoever else moves a primary, does not.
        """
        old = self.primary
        self._grant(PATIENT_TIMEOUT)
        self._promote(self._ask_for_failover)
        self._grant(TIMEOUT)
        with client_of(old) as client:
            client.replicaof(self.primary.host, self.primary_port())
        self.wait_synced()

    def _ask_for_failover(self) -> None:
        """Begin one, if none is going on. A replica that a Sentinel has not asked lately is not fit, and ends one."""
        try:
            self.sentinels[0].ask("FAILOVER", NAME)
        except redis.ResponseError as error:
            if not str(error).startswith(("INPROG", "NOGOODSLAVE")):
                raise

    def kill_primary(self) -> None:
        """SIGKILL; the Sentinels see it by themselves, and promote a replica."""
        self._promote(self.primary.kill)  # again is no matter

    def freeze_primary(self) -> RedisProcess:
        """SIGSTOP, and a replica is promoted. The old primary holds its connections; it is returned."""
        old = self.primary
        self._promote(old.freeze)
        return old

    def start_again(self) -> None:
        """Let the node go on that was killed or frozen: it is a primary still, and Sentinels make a replica of it."""
        self._tune(QUICK)
        for node in self.replicas:
            node.start()  # again is no matter
            node.thaw()
        self.wait_synced()
        self._tune(PATIENT)

    def _grant(self, milliseconds: int) -> None:
        for sentinel in self.sentinels:
            sentinel.ask("SET", NAME, "failover-timeout", milliseconds)

    def _tune(self, periods: dict[str, int]) -> None:
        for sentinel in self.sentinels:
            sentinel.tune(periods)

    def _is_complete(self) -> bool:
        return all(sentinel.knows_all() for sentinel in self.sentinels)

    def _promote(self, begin: Callable[[], object]) -> None:
        """``begin`` is called now and then until a replica is promoted."""
        replicas = self.replicas
        promoted: list[int] = []
        attempts = count()

        def is_promoted() -> bool:
            for node in replicas:
                with client_of(node) as client:
                    if client.info("replication")["role"] == "master":
                        promoted.append(node.port)
                        return True
            if next(attempts) % LOOKS == 0:
                begin()
            return False

        def is_known() -> bool:
            return all(sentinel.primary_port() == promoted[0] for sentinel in self.sentinels)

        until(is_promoted, "a replica is promoted", tolerated=redis.RedisError)
        until(is_known, "all Sentinels name it", tolerated=redis.RedisError)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        for node in self._nodes.values():  # the first one first
            self._stack.callback(node.kill)  # in good order, a primary would wait for its replica
            node.start()
        for sentinel in self.sentinels:
            self._stack.callback(sentinel.stop)
            sentinel.start()
        until(self._is_complete, "everybody has found everybody", tolerated=redis.RedisError)
        self._tune(PATIENT)
        self._stack.enter_context(self._forwarder)
        self.wait_synced()


@contextmanager
def client_of(node: RedisProcess) -> Iterator[redis.Redis]:
    """A client of a node itself, whatever it is at the moment."""
    client = redis.Redis(host=node.host, port=node.port, socket_timeout=ANSWER_SECONDS)
    try:
        yield client
    finally:
        client.close()


def wait_until_same(primary: RedisProcess, replica: RedisProcess) -> None:
    """Until the replica has all that the primary has."""

    def has_all() -> bool:
        with client_of(primary) as one, client_of(replica) as other:
            sent, had = one.info("replication"), other.info("replication")
        return had.get("master_link_status") == "up" and had["slave_repl_offset"] >= sent["master_repl_offset"]

    until(has_all, "the replica has all", tolerated=redis.RedisError)


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory

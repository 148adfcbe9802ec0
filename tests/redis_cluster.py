"""A real Redis Cluster of three primaries, and as many replicas of one of them as a test wants.

Everything listens on free ports of 127.0.0.1, and each process is ended by its id.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tcelib.redis.cluster import slot_of
from tests.conftest import unused_port
from tests.machine import LOOPBACK, Machine
from tests.redis_process import RedisProcess
from tests.sentinel_group import LOOKS, client_of, wait_until_same
from tests.until import until

SLOTS = 16_384
PRIMARIES = 3
NODE_TIMEOUT_MS = 2_000
"""Far above what a busy machine keeps a node waiting: nobody is to be replaced unasked."""


class RedisCluster:
    """Use it as a context: when it is entered, every node says that the Cluster is up.

    ``key`` chooses the slot whose primary, ``primary``, has the replicas. It is named ``address``, with all others.
    """

    def __init__(
        self, directory: Path, key: str = "queue:rtserver", replicas: int = 0, machines: Sequence[Machine] = ()
    ) -> None:
        self.slot = slot_of(key)
        self._stack = ExitStack()
        self.nodes = [
            self._node(directory / str(number), machines[number] if machines else LOOPBACK)
            for number in range(PRIMARIES + replicas)
        ]
        self.replicas = self.nodes[PRIMARIES:]
        self.primary = self.nodes[self.slot * PRIMARIES // SLOTS]

    @staticmethod
    def _node(directory: Path, machine: Machine) -> RedisProcess:
        directory.mkdir(parents=True)
        bus = ("--cluster-port", str(unused_port()), "--cluster-enabled", "yes")
        timeout = ("--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--repl-diskless-sync-delay", "0")
        return RedisProcess(directory, *bus, *timeout, machine=machine)

    @property
    def address(self) -> str:
        """The address that names all nodes."""
        return f"redis+cluster://{','.join(f'{node.host}:{node.port}' for node in self.nodes)}"

    def serving(self) -> RedisProcess:
        """The node that serves the slot now, as most of the nodes say that answer."""
        named = self._named()
        port = max(named, key=named.count)
        return next(node for node in self.nodes if node.port == port)

    def _named(self) -> list[int]:
        """Ports of the node that serves the slot now, as each node says that answers."""
        named = []
        for node in self.nodes:
            try:
                with redis.Redis(
                    host=node.host, port=node.port, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)
                ) as client:
                    named.append(_primary_port(client, self.slot))
            except redis.RedisError:
                continue
        return named

    def wait_synced(self) -> None:
        """Until the replicas have all that their primary has."""
        for replica in self.replicas:
            wait_until_same(self.primary, replica)

    def fail_over(self) -> None:
        """Let the first replica take over; the old primary stays up, as a replica."""
        new = self.replicas[0]
        looks = count()

        def is_promoted() -> bool:
            with client_of(new) as client:
                if client.info("replication")["role"] == "master":
                    return True
                if next(looks) % LOOKS == 0:  # one that takes too long is given up
                    client.execute_command("CLUSTER", "FAILOVER")
            return False

        until(is_promoted, "the replica is promoted", tolerated=redis.RedisError)
        self.wait_for(new)

    def wait_for(self, node: RedisProcess) -> None:
        """Until every node that answers says that this one serves the slot."""

        def is_known() -> bool:
            return set(self._named()) == {node.port} and self._is_up(node)

        until(is_known, "it serves the slot", tolerated=redis.RedisError)
        old, self.primary = self.primary, node
        self.replicas = [old if replica is node else replica for replica in self.replicas]

    def node_of(self, slot: int) -> RedisProcess:
        """The primary of a slot, as the first node says."""
        with client_of(self.nodes[0]) as client:
            port = _primary_port(client, slot)
        return next(node for node in self.nodes if node.port == port)

    @contextmanager
    def moving(self, source: RedisProcess, target: RedisProcess) -> Iterator[Callable[..., object]]:
        """The slot is being moved to another primary: gives what moves keys. At the end, the rest is moved."""
        with client_of(source) as giving, client_of(target) as taking:

            def move(*keys: str | bytes) -> object:
                return giving.execute_command("MIGRATE", target.host, target.port, "", 0, 5000, "KEYS", *keys)

            taking.execute_command("CLUSTER", "SETSLOT", self.slot, "IMPORTING", _id_of(source))
            giving.execute_command("CLUSTER", "SETSLOT", self.slot, "MIGRATING", _id_of(target))
            yield move
            while keys := giving.execute_command("CLUSTER", "GETKEYSINSLOT", self.slot, 100):
                move(*keys)
            for client in (taking, giving):
                client.execute_command("CLUSTER", "SETSLOT", self.slot, "NODE", _id_of(target))
        until(lambda: self.serving() is target, "everybody knows", tolerated=redis.RedisError)

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
        for node in self.nodes:
            self._stack.callback(node.kill)
            node.start()
        first = self.nodes[0]
        for number, node in enumerate(self.nodes):
            with client_of(node) as client:
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                if number < PRIMARIES:
                    begin, end = (SLOTS * part // PRIMARIES for part in (number, number + 1))
                    client.execute_command("CLUSTER", "ADDSLOTSRANGE", begin, end - 1)
                if node is not first:
                    client.execute_command("CLUSTER", "MEET", first.host, first.port, _bus_port(first))
        until(lambda: all(map(self._knows_all, self.nodes)), "everybody has met everybody")
        for node in self.replicas:
            with client_of(node) as client:
                client.execute_command("CLUSTER", "REPLICATE", _id_of(self.primary))
        until(lambda: all(map(self._is_up, self.nodes)), "the Cluster is up", tolerated=redis.RedisError)
        self.wait_synced()

    def _knows_all(self, node: RedisProcess) -> bool:
        with client_of(node) as client:
            return f"cluster_known_nodes:{len(self.nodes)}" in client.execute_command("CLUSTER", "INFO").decode()

    @staticmethod
    def _is_up(node: RedisProcess) -> bool:
        with client_of(node) as client:
            return b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO").split()


def _id_of(node: RedisProcess) -> str:
    with client_of(node) as client:
        return client.execute_command("CLUSTER", "MYID").decode()


def _bus_port(node: RedisProcess) -> int:
    with client_of(node) as client:
        return int(client.config_get("cluster-port")["cluster-port"])


def _primary_port(client: redis.Redis, slot: int) -> int:
    rows = client.execute_command("CLUSTER", "SLOTS")
    return next(int(row[2][1]) for row in rows if row[0] <= slot <= row[1])

"""SentinelGroup: a primary, two replicas and three Sentinels, in the place of one ``RedisNode``.

It is whichever node most of the Sentinels name that is killed, frozen, filled and asked. Replication is asynchronous:
what a primary had acknowledged and no replica had got is gone when it fails.
"""

import asyncio
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis
import redis.asyncio

from rtserver.bench.free_port import free_port
from rtserver.bootstrap.process.redis_binary import find_redis_binary
from soak.async_redis import cancellable_client
from soak.chaos.child import Child, ChildError
from soak.chaos.redis_node import ANSWER_SECONDS, HOST, RedisNode

NAME = "primary"
REPLICAS, SENTINELS, QUORUM = 2, 3, 2
LOOK_SECONDS = 0.1
WHOLE_SECONDS = 60.0
DOWN_AFTER_MS, FAILOVER_MS = 500, 2_000
QUICK = {"INFO-PERIOD": 200, "PING-PERIOD": 250, "ASK-PERIOD": 100, "PUBLISH-PERIOD": 200, "TILT-TRIGGER": 60_000}
"""Milliseconds: Sentinels take a failover for done, and a node that is back for a replica, in seconds of a run."""
SAFE = ("--min-replicas-to-write", 1, "--min-replicas-max-lag", 10)
"""As operators are told to have it: a primary that is alone takes no writes."""


class Sentinel:
    """One Sentinel, which watches the node on ``primary_port``."""

    def __init__(self, directory: Path, primary_port: int) -> None:
        self.port = free_port()
        file = directory / f"sentinel-{self.port}.conf"
        file.write_text(
            f"bind {HOST}\nport {self.port}\ndir {directory}\n"
            f"sentinel monitor {NAME} {HOST} {primary_port} {QUORUM}\n"
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {NAME} {FAILOVER_MS}\n"
        )
        command = [program(), str(file), "--sentinel"]
        self.child = Child(f"Sentinel {self.port}", command, directory / "sentinels.log", {})
        self._client = cancellable_client(f"redis://{HOST}:{self.port}")

    async def ask(self, *words: str | int) -> Any:
        """Ask a command of SENTINEL. Raises ``redis.RedisError`` and ``TimeoutError``."""
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._client.execute_command("SENTINEL", *words)

    async def primary_port(self) -> int | None:
        """Return the port of the node that it takes for the primary; None if it does not answer."""
        with suppress(redis.RedisError, OSError, TimeoutError):
            return int((await self.ask("GET-MASTER-ADDR-BY-NAME", NAME))[1])
        return None

    async def close(self) -> None:
        """Close the connection to it, and end it."""
        await self._client.aclose()
        self.child.end()


class SentinelGroup:
    """See the module. ``failovers`` counts how often another node became the primary."""

    def __init__(self, directory: Path, appendfsync: str) -> None:
        self.failovers = 0
        self._nodes: dict[int, RedisNode] = {}
        for number in range(1 + REPLICAS):
            place = directory / f"redis-{number}"
            place.mkdir()
            first = next(iter(self._nodes), None)
            follows = () if first is None else ("--replicaof", HOST, first)
            node = RedisNode(place, appendfsync, ("--repl-diskless-sync-delay", 0, *SAFE, *follows), program())
            self._nodes[node.port] = node
        self._primary = next(iter(self._nodes.values()))
        self._away: list[RedisNode] = []
        self._sentinels = [Sentinel(directory, self._primary.port) for _ in range(SENTINELS)]
        self._watching: asyncio.Task[None] | None = None

    # What a ``RedisNode`` has, too.

    @property
    def port(self) -> int:
        """Return the port of the primary."""
        return self._primary.port

    @property
    def url(self) -> str:
        """Return the primary's URL."""
        return self._primary.url

    @property
    def address(self) -> str:
        """Return the URL that names the Sentinels."""
        return f"redis+sentinel://{','.join(f'{HOST}:{each.port}' for each in self._sentinels)}/{NAME}/0"

    async def start(self) -> None:
        """Start what does not run, and return when every node follows the primary, and every Sentinel knows all."""
        self.spawn()
        for node in self._nodes.values():
            if not node.child.is_running:
                await node.start()
        for sentinel in self._sentinels:
            if not sentinel.child.is_running:
                sentinel.child.start()
                await self._tune(sentinel)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        await self.wait_whole()

    async def kill(self) -> None:
        """End the primary with SIGKILL."""
        self._away.append(self._primary)
        await self._primary.kill()

    def spawn(self) -> None:
        """Start again what was killed. It takes itself for a primary, until a Sentinel makes a replica of it."""
        away, self._away = self._away, []
        for node in away:
            node.spawn()

    def freeze(self) -> None:
        """Let the primary hold its connections and answer nothing."""
        self._away.append(self._primary)
        self._primary.freeze()

    def thaw(self) -> None:
        """Let it go on, whatever it is by now."""
        away, self._away = self._away, []
        for node in away:
            node.thaw()

    async def limit_memory(self, size: int) -> None:
        """Have the primary refuse writes once more than ``size`` bytes are in use; 0 for no limit."""
        for node in self._nodes.values() if not size else [self._primary]:
            await node.limit_memory(size)

    def places(self) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
        """See ``RedisNode``."""
        return self._primary.places()

    def check_running(self) -> None:
        """Raises ``ChildError`` if a process has ended by itself."""
        for node in self._nodes.values():
            if node not in self._away:
                node.check_running()
        for sentinel in self._sentinels:
            sentinel.child.check_running()

    async def wait_whole(self) -> None:
        """Return when all nodes but the primary follow it and have all of it, and the Sentinels agree."""
        deadline = asyncio.get_running_loop().time() + WHOLE_SECONDS
        while not await self._is_whole():
            if asyncio.get_running_loop().time() > deadline:
                raise ChildError(f"the group of {self.address} is not whole after {WHOLE_SECONDS:.0f} s")
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """End everything."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        for sentinel in self._sentinels:
            await sentinel.close()
        for node in self._nodes.values():
            node.end()

    # What only a group has.

    async def fail_over(self) -> None:
        """Ask a Sentinel to promote a replica. The old primary stays up, and becomes one. Waits for it."""
        old, deadline = self._primary, asyncio.get_running_loop().time() + WHOLE_SECONDS
        while self._primary is old:
            with suppress(redis.RedisError, TimeoutError):  # one is going on, or no replica is good enough yet
                await self._sentinels[0].ask("FAILOVER", NAME)
            await asyncio.sleep(10 * LOOK_SECONDS)
            if asyncio.get_running_loop().time() > deadline:
                raise ChildError("no replica was promoted")

    async def freeze_sentinel(self, number: int, seconds: float) -> None:
        """Let one of the Sentinels answer nothing for so long."""
        child = self._sentinels[number % SENTINELS].child
        child.send(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        child.send(signal.SIGCONT)

    async def kill_replica(self, number: int, seconds: float) -> None:
        """SIGKILL to one of the replicas, which is started again after so long."""
        replicas = [node for node in self._nodes.values() if node is not self._primary]
        node = replicas[number % len(replicas)]
        self._away.append(node)
        await node.kill()
        await asyncio.sleep(seconds)
        await self.start()

    async def _watch(self) -> None:
        """Follow what most of the Sentinels say."""
        while True:
            told = Counter(await asyncio.gather(*(sentinel.primary_port() for sentinel in self._sentinels)))
            del told[None]
            port, votes = told.most_common(1)[0] if told else (self._primary.port, 0)
            if votes >= QUORUM and port != self._primary.port:
                self._primary = self._nodes[port]
                self.failovers += 1
            await asyncio.sleep(LOOK_SECONDS)

    async def _tune(self, sentinel: Sentinel) -> None:
        deadline = asyncio.get_running_loop().time() + WHOLE_SECONDS
        for name, milliseconds in QUICK.items():
            while True:
                try:
                    await sentinel.ask("DEBUG", name, milliseconds)
                    break
                except redis.ResponseError:
                    return  # before Redis 7 they take the times that they have
                except (redis.RedisError, OSError, TimeoutError):
                    pass
                if asyncio.get_running_loop().time() > deadline:
                    raise ChildError(f"a Sentinel does not answer:\n{sentinel.child.last_words()}")
                await asyncio.sleep(LOOK_SECONDS)

    async def _is_whole(self) -> bool:
        ports = set(await asyncio.gather(*(sentinel.primary_port() for sentinel in self._sentinels)))
        if ports != {self._primary.port}:
            return False
        states = [await _state(node) for node in self._nodes.values() if node is not self._primary]
        own = await _state(self._primary)
        if own.get("role") != "master" or any(state.get("master_link_status") != "up" for state in states):
            return False
        if any(state["master_port"] != self._primary.port for state in states):
            return False
        with suppress(redis.RedisError, OSError, TimeoutError):
            counts = [await _known(sentinel) for sentinel in self._sentinels]
            return all(count == (REPLICAS, SENTINELS - 1) for count in counts)
        return False


def program() -> str:
    """Return the server program: the one on the PATH, which is Redis 7 as a rule, rather than the embedded one."""
    return shutil.which("redis-server") or str(find_redis_binary().path)


async def _state(node: RedisNode) -> dict[str, Any]:
    """Return a node's words about its replication; nothing if it does not answer."""
    with suppress(redis.RedisError, OSError, TimeoutError):
        async with cancellable_client(node.url) as client, asyncio.timeout(ANSWER_SECONDS):
            return dict(await client.info("replication"))
    return {}


async def _known(sentinel: Sentinel) -> tuple[int, int]:
    """Return the numbers of replicas and of other Sentinels that one knows."""
    words = await sentinel.ask("MASTER", NAME)
    told = words if isinstance(words, dict) else dict(zip(words[::2], words[1::2], strict=True))
    plain = {_text(name): _text(value) for name, value in told.items()}
    return int(plain["num-slaves"]), int(plain["num-other-sentinels"])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)

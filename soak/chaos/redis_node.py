"""The Redis of a run: a real one that appends every write to a file, and may be killed, frozen, filled, restarted."""

import asyncio
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import redis

from rtserver.base.queue.redis_queue import DEFAULT_NAME
from rtserver.bench.free_port import free_port
from rtserver.bootstrap.process.redis_binary import find_redis_binary
from soak.async_redis import cancellable_client
from soak.chaos.child import Child, ChildError

START_SECONDS = 30.0
ANSWER_SECONDS = 2.0
PAGE = 10_000
HOST = "127.0.0.1"


class RedisNode:
    """``appendfsync`` is Redis' setting of that name: what an operator would have. ``options`` are further ones.

    ``program`` is the server's; without it, the embedded one.
    """

    failovers = 0

    def __init__(
        self, directory: Path, appendfsync: str, options: Sequence[str | int] = (), program: str = ""
    ) -> None:
        self.port = free_port()
        program = program or str(find_redis_binary().path)
        command = [program, "--bind", HOST, "--port", str(self.port), "--dir", str(directory)]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", appendfsync]
        command += map(str, options)
        self.child = Child(f"Redis {self.port}", command, directory / "redis.log", {})

    @property
    def url(self) -> str:
        """Return its URL without any proxy."""
        return f"redis://{HOST}:{self.port}/0"

    async def start(self) -> None:
        """Start it, and return when it answers: it has read its file by then. Raises ``ChildError``."""
        self.child.start()
        deadline = time.monotonic() + START_SECONDS
        while not await self._answers():
            self.child.check_running()
            if time.monotonic() > deadline:
                raise ChildError(f"Redis does not answer:\n{self.child.last_words()}")
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """End it with SIGKILL."""
        await self.child.kill()

    def spawn(self) -> None:
        """Start it again, without waiting for an answer."""
        self.child.start()

    async def wait_whole(self) -> None:
        """Return when it is what it was before a fault, which it is as soon as it runs."""

    def check_running(self) -> None:
        """Raises ``ChildError`` if it has ended by itself."""
        self.child.check_running()

    def end(self) -> None:
        """Make sure that it is gone."""
        self.child.end()

    def freeze(self) -> None:
        """Let it hold its connections and answer nothing."""
        self.child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.child.send(signal.SIGCONT)

    async def limit_memory(self, size: int) -> None:
        """Refuse writes once more than ``size`` bytes are in use; 0 for no limit."""
        async with cancellable_client(self.url) as client, asyncio.timeout(ANSWER_SECONDS):
            await client.config_set("maxmemory", size)

    def places(self) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
        """Every list and stream of the queue with what lies in it, as (id, bytes)."""
        with redis.Redis(host=HOST, port=self.port, socket_timeout=START_SECONDS) as client:
            yield DEFAULT_NAME, _of_list(client, DEFAULT_NAME)
            for key in sorted(client.scan_iter(match=f"{{{DEFAULT_NAME}}}:*", count=PAGE)):
                kind = client.type(key)
                if kind in (b"list", b"stream"):
                    read = _of_list if kind == b"list" else _of_stream
                    yield key.decode(), read(client, key)

    async def _answers(self) -> bool:
        try:
            async with cancellable_client(self.url) as client, asyncio.timeout(ANSWER_SECONDS):
                return bool(await client.ping())
        except (redis.RedisError, OSError):
            return False


def _of_list(client: redis.Redis, key: Any) -> list[tuple[str, bytes]]:
    reply: Any = client.lrange(key, 0, -1)
    return [("", raw) for raw in reply]


def _of_stream(client: redis.Redis, key: Any) -> list[tuple[str, bytes]]:
    reply: Any = client.xrange(key)
    return [(entry_id.decode(), fields.get(b"raw") or b"".join(fields.values())) for entry_id, fields in reply]

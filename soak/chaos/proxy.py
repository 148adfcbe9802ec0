"""A TCP relay that can hurt the connections that go through it: end them, reset them, or let them hang half-open.

Knows bytes only. Tries its backends in turn and takes the first that accepts, as a balancer in front of workers does.
"""

import asyncio
import random
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from itertools import count
from typing import Self

HOST = "127.0.0.1"
READ_BYTES = 65_536
CONNECT_SECONDS = 2.0
END_SECONDS = 0.1
CUT_PAUSE = (0.05, 0.4)


class End(Enum):
    """Ways to end a connection."""

    FIN = auto()
    RST = auto()


ENDS = tuple(End)


class Link:
    """One connection and its continuation. ``is_frozen``: what comes from either side is swallowed, ends included.

    ``near_port`` is that of whoever connected.
    """

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near_port: int = near.get_extra_info("peername")[1]
        self.is_frozen = False
        self._ends = (near, far)

    def freeze(self) -> None:
        """From now on neither side hears anything of the other."""
        self.is_frozen = True

    def cut(self, end: End) -> None:
        """End both halves at once."""
        for writer in self._ends:
            end_stream(writer, end)


def end_stream(writer: asyncio.StreamWriter, end: End) -> None:
    """Close in good order, or with a reset that also throws away what was not read."""
    if end is End.RST:
        sock = writer.get_extra_info("socket")
        with suppress(OSError):  # closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()


class Proxy:
    """Use it as a context. ``backends`` gives the ports that may be tried now; ``links`` are the open connections."""

    def __init__(self, backends: Callable[[], Sequence[int]]) -> None:
        self._backends = backends
        self._turn = count()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.links: set[Link] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        while self._tasks:  # one that was just connecting has a link a moment later
            self.cut(End.RST)
            await asyncio.wait(self._tasks, timeout=END_SECONDS)

    def cut(self, end: End) -> None:
        """End all connections."""
        for link in list(self.links):
            link.cut(end)

    def _accept(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        """No coroutine: the task is known before it has begun, so the proxy's end waits for it as well."""
        task = asyncio.create_task(self._serve(near_reader, near))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            await self._relay(near_reader, near)
        finally:
            near.transport.abort()

    async def _relay(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        far_streams = await self._connect()
        if far_streams is None:
            end_stream(near, End.RST)
            return
        far_reader, far = far_streams
        link = Link(near, far)
        self.links.add(link)
        try:
            await asyncio.gather(self._pump(link, near_reader, far), self._pump(link, far_reader, near))
        finally:
            self.links.discard(link)
            far.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        backends = self._backends()
        turn = next(self._turn)
        for i in range(len(backends)):
            port = backends[(turn + i) % len(backends)]
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(HOST, port)
        return None

    async def _pump(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one direction to its end, and end the connection with it: neither protocol uses half a stream."""
        end = End.FIN
        try:
            while data := await reader.read(READ_BYTES):
                if not link.is_frozen:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            end = End.RST
        if not link.is_frozen:
            end_stream(writer, end)


async def cut_some(seconds: float, chance: random.Random, *proxies: Proxy) -> None:
    """End single connections, again and again."""
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        links = [link for proxy in proxies for link in proxy.links]
        if links:
            chance.choice(links).cut(chance.choice(ENDS))
        await asyncio.sleep(chance.uniform(*CUT_PAUSE))


async def hang(seconds: float, links: Sequence[Link]) -> None:
    """Let connections hang half-open for so long, then reset them."""
    for link in links:
        link.freeze()
    await asyncio.sleep(seconds)
    for link in links:
        link.cut(End.RST)

"""A long way between two places: a TCP relay in a process of its own, which delays what it carries and can be parted.

    python -m soak.regions.wire SECONDS NAME=PORT NAME=PORT ...

prints "NAME PORT" for each wire: what connects to this port comes out at that one, each byte ``SECONDS`` later. A
line "part NAME" on the standard input holds up everything that is under way, "mend NAME" lets it go on: no byte is
lost, as none of TCP's is, whatever the network drops. What connects to a wire that is parted hears nothing until it
is mended.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import IO

from rtserver.bench.process import running

HOST = "127.0.0.1"
READ_BYTES = 65_536
MOST_PIECES = 4_096  # under way in one direction of a connection

Pieces = asyncio.Queue[tuple[float, bytes]]


class Wire:
    """A wire to ``backend``, a port of this machine. Belongs to one event loop."""

    def __init__(self, backend: int, seconds: float) -> None:
        self._backend = backend
        self._seconds = seconds
        self._is_whole = asyncio.Event()
        self._is_whole.set()
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[None]] = set()
        self.port = 0

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, and end what is carried."""
        assert self._server is not None
        self._server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def part(self) -> None:
        """Let nothing through."""
        self._is_whole.clear()

    def mend(self) -> None:
        """Let everything through that was held up."""
        self._is_whole.set()

    def _accept(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(near_reader, near))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        async with closing(near):
            await asyncio.sleep(2 * self._seconds)  # the handshake's trip
            await self._is_whole.wait()
            try:
                far_reader, far = await asyncio.open_connection(HOST, self._backend)
            except OSError:
                return
            async with closing(far):
                await asyncio.gather(self._pump(near_reader, far), self._pump(far_reader, near))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces: Pieces = asyncio.Queue(MOST_PIECES)
        await asyncio.gather(self._take_in(reader, pieces), self._let_out(pieces, writer))

    async def _take_in(self, reader: asyncio.StreamReader, pieces: Pieces) -> None:
        now = asyncio.get_running_loop().time
        data = b"first"
        while data:
            try:
                data = await reader.read(READ_BYTES)
            except OSError:
                data = b""
            await pieces.put((now() + self._seconds, data))

    async def _let_out(self, pieces: Pieces, writer: asyncio.StreamWriter) -> None:
        now = asyncio.get_running_loop().time
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(due - now())
            await self._is_whole.wait()
            with suppress(OSError):  # the reader of that side hears of it
                if not data:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Close a stream behind the block, and wait for that."""
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


class Wires:
    """Wires in a process of their own, by name, with the port of each."""

    def __init__(self, process: subprocess.Popen[str], names: int) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        self._stdin: IO[str] = process.stdin
        lines = (process.stdout.readline().split() for _ in range(names))
        self.ports = {name: int(port) for name, port in lines}

    def part(self, name: str) -> None:
        """See the module."""
        self._say(f"part {name}")

    def mend(self, name: str) -> None:
        """See the module."""
        self._say(f"mend {name}")

    def _say(self, line: str) -> None:
        self._stdin.write(f"{line}\n")
        self._stdin.flush()


@contextmanager
def laid(backends: Mapping[str, int], seconds: float) -> Iterator[Wires]:
    """Wires to these ports, while the block runs."""
    words = [f"{name}={port}" for name, port in backends.items()]
    command = [sys.executable, "-m", "soak.regions.wire", str(seconds), *words]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with process.stdout:
            yield Wires(process, len(backends))


async def serve(seconds: float, backends: Mapping[str, int]) -> None:
    """Carry until the standard input ends."""
    wires = {name: Wire(port, seconds) for name, port in backends.items()}
    for name, wire in wires.items():
        await wire.open()
        print(name, wire.port, flush=True)
    acts = {"part": Wire.part, "mend": Wire.mend}
    while line := await asyncio.to_thread(sys.stdin.readline):
        act, name = line.split()
        acts[act](wires[name])


if __name__ == "__main__":
    pairs = (word.split("=") for word in sys.argv[2:])
    asyncio.run(serve(float(sys.argv[1]), {name: int(port) for name, port in pairs}))

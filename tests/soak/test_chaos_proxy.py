"""The relay that hurts connections, with real sockets: what each side sees of each kind of harm."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from soak.chaos.proxy import End, Proxy, end_stream

SECONDS = 10.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Backend:
    """Accepts connections and keeps them for the test."""

    def __init__(self) -> None:
        self.accepted: asyncio.Queue[Streams] = asyncio.Queue()
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Backend"]:
        """While the block runs."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        yield self
        server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.accepted.put((reader, writer))


class Room:
    """A proxy before some backends, and clients of it."""

    def __init__(self, stack: AsyncExitStack, proxy: Proxy, backends: list[Backend]) -> None:
        self.stack = stack
        self.proxy = proxy
        self.backends = backends

    async def connect(self) -> Streams:
        """A client."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
        self.stack.callback(end_stream, writer, End.RST)
        return reader, writer

    async def connect_through(self, backend: int = 0) -> tuple[Streams, Streams]:
        """A client, and the backend's end of its connection."""
        client = await self.connect()
        far = await self.backends[backend].accepted.get()
        self.stack.callback(end_stream, far[1], End.RST)
        return client, far


def run(test: Callable[[Room], Awaitable[None]], backends: int = 1) -> None:
    """Run a test in a room, with a deadline for all of it."""

    async def in_room() -> None:
        async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
            them = [await stack.enter_async_context(Backend().listening()) for _ in range(backends)]
            proxy = await stack.enter_async_context(Proxy(lambda: [backend.port for backend in them if backend.port]))
            await test(Room(stack, proxy, them))

    asyncio.run(in_room())


async def say(streams: Streams, data: bytes) -> None:
    """Send."""
    streams[1].write(data)
    await streams[1].drain()


async def hear(streams: Streams, count: int) -> bytes:
    """Read so many bytes."""
    return await streams[0].readexactly(count)


def test_bytes_pass_both_ways() -> None:
    async def test(room: Room) -> None:
        client, far = await room.connect_through()
        await say(client, b"hello")
        assert await hear(far, 5) == b"hello"
        await say(far, b"x" * 1_000_000)
        assert await hear(client, 1_000_000) == b"x" * 1_000_000

    run(test)


def test_the_end_of_one_side_is_the_end_of_the_other_after_all_its_bytes() -> None:
    async def test(room: Room) -> None:
        client, far = await room.connect_through()
        far[1].write(b"goodbye")
        far[1].close()
        assert await client[0].read() == b"goodbye"

    run(test)


def test_cutting_ends_both_sides() -> None:
    async def test(room: Room) -> None:
        client, far = await room.connect_through()
        [link] = room.proxy.links
        link.cut(End.FIN)
        assert await client[0].read() == b""
        assert await far[0].read() == b""

    run(test)


def test_a_reset_is_a_reset_on_both_sides() -> None:
    async def test(room: Room) -> None:
        client, far = await room.connect_through()
        room.proxy.cut(End.RST)
        for streams in (client, far):
            with pytest.raises(ConnectionResetError):
                await streams[0].read()

    run(test)


def test_a_frozen_connection_says_nothing_and_does_not_end() -> None:
    async def test(room: Room) -> None:
        client, far = await room.connect_through()
        other_client, other_far = await room.connect_through()
        [link] = [link for link in room.proxy.links if link.near_port == client[1].get_extra_info("sockname")[1]]
        link.freeze()
        await say(client, b"lost")
        far[1].close()
        # What comes later on another connection has passed: so would this have.
        await say(other_client, b"later")
        assert await hear(other_far, 5) == b"later"
        assert not client[0].at_eof()
        link.cut(End.RST)
        with pytest.raises(ConnectionResetError):
            await client[0].read()

    run(test)


def test_new_connections_take_turns_among_the_backends() -> None:
    async def test(room: Room) -> None:
        for turn in range(4):
            await room.connect_through(turn % 2)

    run(test, backends=2)


def test_a_backend_that_refuses_is_passed_over() -> None:
    async def test(room: Room) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            room.backends[0].port = nobody.getsockname()[1]
            for _ in range(2):
                await room.connect_through(1)

    run(test, backends=2)


def test_without_a_backend_a_client_is_reset() -> None:
    async def test(room: Room) -> None:
        room.backends[0].port = 0
        client = await room.connect()
        with pytest.raises(ConnectionResetError):
            await client[0].read()
        assert not room.proxy.links

    run(test)


def test_the_end_of_the_proxy_is_the_end_of_its_connections() -> None:
    async def test() -> None:
        async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
            backend = await stack.enter_async_context(Backend().listening())
            async with Proxy(lambda: [backend.port]) as proxy:
                reader, near = await asyncio.open_connection("127.0.0.1", proxy.port)
                _, far = await backend.accepted.get()
                for writer in (near, far):
                    stack.callback(end_stream, writer, End.RST)
            with pytest.raises(ConnectionResetError):
                await reader.read()

    asyncio.run(test())

"""The long way between two places: bytes come late and whole, and wait while it is parted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from soak.regions.wire import Wire, closing, laid

SECONDS = 10.0
DELAY = 0.05


@asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    """A port that returns what it gets, to the end of it."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with closing(writer):
            while data := await reader.read(100_000):
                writer.write(data)

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def ask(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with closing(writer), asyncio.timeout(SECONDS):
        writer.write(data)
        writer.write_eof()
        return await reader.read()


def test_all_bytes_come_and_each_trip_takes_its_time() -> None:
    async def run() -> None:
        async with echoing() as backend:
            wire = Wire(backend, DELAY)
            await wire.open()
            now = asyncio.get_running_loop().time
            begun = now()
            data = bytes(range(256)) * 4_000
            assert await ask(wire.port, data) == data
            assert now() - begun >= 4 * DELAY, "to connect, there, and back"
            await wire.close()

    asyncio.run(run())


def test_what_is_under_way_waits_while_it_is_parted_and_none_is_lost() -> None:
    async def run() -> None:
        async with echoing() as backend:
            wire = Wire(backend, 0.0)
            await wire.open()
            reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
            async with closing(writer), asyncio.timeout(SECONDS):
                writer.write(b"before")
                assert await reader.readexactly(6) == b"before"
                wire.part()
                writer.write(b"during")
                late = asyncio.create_task(ask(wire.port, b"new"))
                answer = asyncio.create_task(reader.readexactly(6))
                for _ in range(100):  # turns in which it would come, if nothing held it up
                    await asyncio.sleep(0)
                assert not answer.done()
                assert not late.done()
                wire.mend()
                assert await answer == b"during"
                assert await late == b"new"
            await wire.close()

    asyncio.run(run())


def test_a_wire_to_nobody_ends_what_connects() -> None:
    async def run() -> None:
        async with echoing() as backend:
            pass
        wire = Wire(backend, 0.0)
        await wire.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        async with closing(writer), asyncio.timeout(SECONDS):
            with suppress(ConnectionError):
                assert await reader.read() == b""
        await wire.close()

    asyncio.run(run())


def test_wires_in_a_process_are_parted_by_name() -> None:
    async def run() -> None:
        async with echoing() as backend:
            with laid({"one": backend, "other": backend}, 0.0) as wires:
                wires.part("one")
                assert await ask(wires.ports["other"], b"x") == b"x"
                wires.mend("one")
                assert await ask(wires.ports["one"], b"y") == b"y"

    asyncio.run(run())

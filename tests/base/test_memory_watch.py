"""The watch on memory, with real sockets and a process whose size the test decides."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.bootstrap.web.health import memory_probe
from rtserver.watch.memory_watch import MemoryWatch
from tcelib.limit.memory_guard import MemoryBounds
from tests.base.conftest import Connect
from tests.base.recording_owner import RecordingOwner
from tests.websocket_client import AsyncWebSocketClient

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.parametrize("transport", ["tcp"])]

MB = 1 << 20
FRAME_BYTES = 65_536
ROOMY = pytest.mark.parametrize("options", [{"outbox_bytes": 8 * MB, "outbox_hard_bytes": 16 * MB}])


class Process:
    """A process under a memory watch. The test sets its size."""

    def __init__(self, server: WebSocketServer, bounds: MemoryBounds) -> None:
        self._resident = 0
        self.watch = MemoryWatch(bounds, server, lambda: self._resident)

    def look(self, resident_mb: int) -> None:
        self._resident = resident_mb * MB
        self.watch.look()


def frame(size: int) -> bytes:
    return b"\x82\x7f" + size.to_bytes(8, "big") + bytes(size)


@asynccontextmanager
async def clients_with(
    connect: Connect, owner: RecordingOwner, *waiting: int
) -> AsyncIterator[list[AsyncWebSocketClient]]:
    """Clients that read nothing, for each of whom so many bytes wait beside what its socket has taken."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(await connect(receive_buffer=4096)) for _ in waiting]
        await owner.until(lambda: len(owner.sessions) == len(waiting))
        for client, session, size in zip(clients, owner.sessions, waiting, strict=True):
            if size:
                client.pause()
            while session.connection.outbox.size < size:
                session.connection.push(frame(FRAME_BYTES))
                if session.connection.outbox.size > size / 2:
                    session.connection.relieve()
        yield clients


@ROOMY
async def test_a_full_server_refuses_new_connections_keeps_those_who_are_here_and_says_so_once(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer, caplog: pytest.LogCaptureFixture
) -> None:
    process = Process(server, MemoryBounds(resident=100 * MB))
    async with clients_with(connect, owner, 0) as [client]:
        process.look(99)
        assert memory_probe(process.watch.guard)().ok
        for resident in (101, 102, 103):
            process.look(resident)
        reading = memory_probe(process.watch.guard)()
        assert (reading.name, reading.ok, reading.detail.split(",")[0]) == ("memory", False, "103 of 100 MB")
        async with await connect() as late:
            assert (late.answer.status, late.answer.headers["retry-after"]) == (503, "5")
        client.send_text("still here")
        assert await client.recv_text() == "still here"
        with caplog.at_level(logging.INFO):
            process.look(50)
        async with await connect() as later:
            assert later.answer.status == 101
    assert server.admission.counted.counts["memory"] == 1
    assert [record.levelname for record in caplog.records if "memory" in record.message] == ["ERROR", "INFO"]


@ROOMY
async def test_when_memory_grows_on_those_for_whom_most_waits_are_closed_with_4108(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    process = Process(server, MemoryBounds(resident=100 * MB))
    async with clients_with(connect, owner, 1 * MB, 5 * MB, 0, 3 * MB) as clients:
        process.look(101)
        process.look(106)
        assert [session.close_codes for session in owner.sessions] == [[], [4108], [], [4108]]
        for client in clients:
            client.resume()
        assert (await clients[1].recv_until_close()).close_code == 4108
        assert len((await clients[0].recv()).payload) == FRAME_BYTES
    assert server.admission.counted.counts["outboxes"] == 2
    assert server.too_slow == 2


@ROOMY
async def test_more_than_may_wait_for_all_of_them_costs_the_slowest(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    process = Process(server, MemoryBounds(outboxes=6 * MB))
    async with clients_with(connect, owner, 1 * MB, 4 * MB, 2 * MB):
        process.look(1)
        assert [session.close_codes for session in owner.sessions] == [[], [4108], []]
        assert server.waiting_bytes < 4 * MB
    assert server.admission.counted.counts["outboxes"] == 1


async def test_memory_that_others_have_taken_closes_nobody(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    process = Process(server, MemoryBounds(resident=100 * MB))
    async with clients_with(connect, owner, 0, 0):
        for resident in (101, 150, 200):
            process.look(resident)
        assert [session.close_codes for session in owner.sessions] == [[], []]


@ROOMY
async def test_what_waits_need_not_be_counted_at_every_look(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    process = Process(server, MemoryBounds(outboxes=100 * MB))
    async with clients_with(connect, owner, 3 * MB):
        process.watch.look(counts_waiting=False)
        assert process.watch.guard.waiting == 0
        process.watch.look()
        assert process.watch.guard.waiting >= 3 * MB

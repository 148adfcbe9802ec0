"""The loop-back side of the canary: its owner and its client, over the loop-back listener's real sockets."""

import asyncio
import logging
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado.netutil import bind_sockets
from tornado.web import RequestHandler

from rtserver.base.bridge.message import Canary
from rtserver.base.connection.flusher import Flusher
from rtserver.bootstrap.web.loopback_listener import CANARY_PATH, LoopbackListener
from rtserver.watch import canary_client
from rtserver.watch.canary_client import CanaryClient, read_text
from rtserver.watch.canary_handler import CanaryHandler
from rtserver.watch.canary_trail import CanaryStage, CanaryTrail
from tests.until import until_async
from tests.websocket_client import AsyncWebSocketClient

DEADLINE = 20.0


class Page(RequestHandler):
    """Any page."""

    def get(self) -> None:
        self.write("a page")


class Door(CanaryHandler):
    """Counts the connections that it has let in."""

    accepted = 0

    def on_open(self, connection: Any, identity: object) -> Any:
        self.accepted += 1
        return super().on_open(connection, identity)


class Scene:
    """A loop-back listener with its owner and its trail; time is not asked."""

    def __init__(self) -> None:
        self.trail = CanaryTrail(5.0, 0.0)
        self.owner = Door(self.trail)
        self.sockets = bind_sockets(0, "127.0.0.1")
        loop = asyncio.get_running_loop()
        self.listener = LoopbackListener(self.sockets, [("/page", Page)], self.owner, Flusher(loop))
        self.port = self.listener.port

    async def connections(self, count: int) -> None:
        """Until there have been so many, and the last one is waited at."""
        await until_async(lambda: self.owner.accepted == count and bool(self.owner.connections))

    def client(self, **headers: str) -> CanaryClient:
        return CanaryClient(self.listener.port, CANARY_PATH, headers or self.owner.headers, self.trail)


@asynccontextmanager
async def open_scene() -> AsyncIterator[Scene]:
    scene = Scene()
    scene.listener.open()
    try:
        async with asyncio.timeout(DEADLINE):
            yield scene
    finally:
        await scene.listener.close()
        for listening in scene.sockets:
            listening.close()


@asynccontextmanager
async def running(client: CanaryClient) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.ensure_future(client.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def connect(at: Scene, headers: Mapping[str, str]) -> AsyncWebSocketClient:
    return await AsyncWebSocketClient.connect("127.0.0.1", at.port, CANARY_PATH, dict(headers))


def test_what_comes_over_the_bridge_comes_back_over_the_socket() -> None:
    async def scene() -> None:
        async with open_scene() as at, running(at.client()):
            for number, sent in enumerate((1.25, 2.5, 3.0078125), 1):
                await at.connections(number)
                at.owner.on_canary(Canary(sent))
                await until_async(lambda sent=sent: at.trail.age(sent) == 0)
            assert at.trail.returned == 3

    asyncio.run(scene())


def test_each_has_a_connection_of_its_own() -> None:
    async def scene() -> None:
        async with open_scene() as at, running(at.client()):
            for number, sent in enumerate((1.0, 2.0), 1):
                await at.connections(number)
                at.owner.on_canary(Canary(sent))
                await until_async(lambda sent=sent: at.trail.age(sent) == 0)
            await at.connections(3)

    asyncio.run(scene())


def test_one_that_nobody_waits_for_is_at_the_door() -> None:
    async def scene() -> None:
        async with open_scene() as at:
            at.owner.on_canary(Canary(1.0))
            assert at.trail.stage() is CanaryStage.DOOR

    asyncio.run(scene())


def test_one_that_was_written_and_not_read_is_at_the_socket() -> None:
    async def scene() -> None:
        async with open_scene() as at, running(at.client()):
            await until_async(lambda: bool(at.owner.connections))
            at.owner.on_canary(Canary(1.0))
            assert at.trail.stage() is CanaryStage.SOCKET

    asyncio.run(scene())


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guess"}, {"Authorization": "Bearer ä"}])
def test_nobody_else_comes_in(headers: dict[str, str]) -> None:
    async def scene() -> None:
        async with open_scene() as at, await connect(at, headers) as client:
            assert client.answer.status == 401

    asyncio.run(scene())


def test_what_a_connection_says_is_nothing_to_it() -> None:
    async def scene() -> None:
        async with open_scene() as at:
            async with await connect(at, at.owner.headers) as client:
                client.send_text("hello")
                await at.connections(1)
                at.owner.on_canary(Canary(4.5))
                assert await client.recv_text() == "4.5"
            await until_async(lambda: not at.owner.connections)

    asyncio.run(scene())


def test_a_client_that_is_not_let_in_tries_again(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setattr(canary_client, "RETRY_SECONDS", 0.001)

    async def scene() -> None:
        async with open_scene() as at, running(at.client(Authorization="Bearer no")) as task:
            with caplog.at_level(logging.DEBUG, "rtserver.watch.canary_client"):
                await until_async(lambda: len(caplog.records) >= 3)
            assert not task.done()

    asyncio.run(scene())


def test_a_client_finds_a_listener_that_opens_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary_client, "RETRY_SECONDS", 0.001)

    async def scene() -> None:
        async with open_scene() as at:
            await at.listener.close()
            for listening in at.sockets:
                listening.close()
            async with running(at.client()) as task:
                for _ in range(20):
                    await asyncio.sleep(0.001)
                assert not task.done()

    asyncio.run(scene())


def test_the_door_answers_its_pages_and_no_others() -> None:
    async def scene() -> None:
        async with open_scene() as at:
            page = await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{at.port}/page")
            with page:
                assert page.read() == b"a page"
            with pytest.raises(urllib.error.HTTPError) as refused:
                await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{at.port}/rt/")
            refused.value.close()
            assert refused.value.code == 404

    asyncio.run(scene())


@pytest.mark.parametrize("before", [b"", b"\x89\x00", b"\x89\x04ping", b"\x8a\x01x"])
def test_what_is_no_text_is_passed_over(before: bytes) -> None:
    async def scene() -> bytes:
        reader = asyncio.StreamReader()
        reader.feed_data(before + b"\x81\x031.5")
        return await read_text(reader)

    assert asyncio.run(scene()) == b"1.5"


@pytest.mark.parametrize("cut", range(5))
def test_a_stream_that_ends_early_is_an_end(cut: int) -> None:
    async def scene() -> bytes:
        reader = asyncio.StreamReader()
        reader.feed_data(b"\x81\x031.5"[:cut])
        reader.feed_eof()
        return await read_text(reader)

    with pytest.raises(EOFError):
        asyncio.run(scene())

"""Many connections of one user in one turn of the loop: how much of their work another user's message waits for.

Nothing is timed: handling a message moves the clock, and so does waiting for a timer.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from rtserver.base.limit.cpu_quota import FairShares, ProcessorClock, cpu_rate
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.base.tce.server import TceServer
from rtserver.base.wire.frame import Opcode
from rtserver.base.wire.protocol import INFLATED_AT_ONCE
from tcelib.limit.admission import Admission
from tests.base.conftest import Connect
from tests.base.connection.test_deflated_websocket import RSV1, deflated
from tests.base.recording_owner import RecordingOwner, Session
from tests.base.server import build_server
from tests.websocket_client import TEXT, masked

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.parametrize("transport", ["tcp", "tls"])]

CONNECTIONS = 20
COSTLY = 0.004


class WorkClock(WebSocketServer):
    """A server whose time passes by work."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.elapsed = 0.0
        self.now = lambda: 1000.0 + self.elapsed

    def call_later(self, delay: float, callback: Callable[[], object]) -> None:
        self.elapsed += delay
        self.loop.call_soon(callback)


class Costly(RecordingOwner):
    """``handled`` are the users whose messages were handled, in that order; one whose message says so costs much."""

    def __init__(self) -> None:
        super().__init__()
        self.handled: list[str] = []
        self.shares: FairShares | None = None
        self.answer = self._handle

    def on_open(self, connection: Any, identity: Any) -> Session | None:
        assert self.shares is not None
        connection.share = self.shares.of(identity)
        return super().on_open(connection, identity)

    def _handle(self, session: Session, payload: bytes) -> None:
        assert isinstance(self.server, WorkClock)
        self.handled.append(session.identity)
        self.server.elapsed += COSTLY if payload.startswith(b"costly") else 0.0
        session.echo(Opcode.TEXT, payload)


@pytest.fixture
def owner() -> Costly:
    owner = Costly()
    owner.identify = lambda request: request.headers["x-user"]
    return owner


@pytest.fixture
def server(
    io_loop: IOLoop, owner: Costly, admission: Admission, tce: TceServer, options: dict[str, Any]
) -> Iterator[WebSocketServer]:
    async def build() -> WorkClock:
        return build_server(WorkClock, owner, admission, tce, options)

    server = io_loop.run_sync(build)
    owner.server = server
    owner.shares = FairShares(cpu_rate(0.1), ProcessorClock(server.now, server.now), server.call_later)
    yield server
    io_loop.run_sync(lambda: server.wait_closed(0))


async def test_a_message_waits_for_one_piece_of_another_users_work_and_not_for_all_of_it(
    connect: Connect, owner: Costly
) -> None:
    many = [await connect(headers={"X-User": "many"}) for _ in range(CONNECTIONS)]
    one = await connect(headers={"X-User": "one"})
    for client in many:
        client.send(masked(TEXT, b"costly"))
    one.send(masked(TEXT, b"cheap"))
    assert await one.recv_text() == "cheap"
    assert owner.handled.index("one") <= 2
    for client in many:
        assert await client.recv_text() == "costly"
    assert owner.handled.count("many") == CONNECTIONS
    await asyncio.gather(*(client.__aexit__() for client in [*many, one]))


async def test_messages_of_one_connection_are_handed_out_in_turns_with_those_of_others(
    connect: Connect, owner: Costly
) -> None:
    many, one = await connect(headers={"X-User": "many"}), await connect(headers={"X-User": "one"})
    many.send(masked(TEXT, b"costly" + b"!" * 300) * 40)
    one.send(masked(TEXT, b"cheap"))
    assert await one.recv_text() == "cheap"
    assert owner.handled.index("one") <= 3
    for _ in range(40):
        await many.recv_text()
    await asyncio.gather(many.__aexit__(), one.__aexit__())


async def test_who_goes_on_with_a_quota_that_is_used_up_is_told_so_message_by_message(
    connect: Connect, owner: Costly
) -> None:
    async with await connect(headers={"X-User": "many"}) as client:
        answers = []
        for _ in range(400):
            client.send(masked(TEXT, b"costly"))
            answers.append(await client.recv_text())
    handled = answers.count("costly")
    assert 200 < handled < 300, "a burst of a second is worth 250 messages"
    assert all('"rate_limited"' in answer for answer in answers if answer != "costly")
    assert owner.handled.count("many") == handled


@pytest.mark.parametrize("options", [{"compresses": True}])
async def test_what_is_inflated_later_is_judged_by_the_time_of_then(connect: Connect, owner: Costly) -> None:
    server = owner.server
    assert isinstance(server, WorkClock)

    async def recover() -> None:
        server.elapsed += 30.0

    def handle(session: Session, payload: bytes) -> Any:
        if payload.startswith(b"costly"):
            server.elapsed += 2.0  # more than the quota
            return recover()
        session.echo(Opcode.TEXT, payload)
        return None

    owner.answer = handle
    headers = {"X-User": "many", "Sec-WebSocket-Extensions": "permessage-deflate"}
    async with await connect(headers=headers) as client:
        half = b"!" * (INFLATED_AT_ONCE // 2)
        both = (masked(TEXT, deflated(text), reserved=RSV1) for text in (b"costly" + half, half))
        client.send(b"".join(both) + masked(TEXT, b"cheap"))
        await client.recv()
        assert await client.recv_text() == "cheap"

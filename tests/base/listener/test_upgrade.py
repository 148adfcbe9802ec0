"""The opening handshake on real sockets, and the server as a whole: who comes in, who is heard, how it ends."""

import asyncio
import logging
import socket
import threading

import pytest

from rtserver.base.bridge.ownership import WrongThreadError
from rtserver.base.connection.connection import Connection
from rtserver.base.limit.table import Limit
from rtserver.base.listener.upgrade import UpgradeRequest, WebSocketServer
from rtserver.base.wire.frame import text_frame
from tcelib.limit.admission import Admission
from tcelib.limit.table import AdmissionLimits
from tcelib.limit.too_many import TooMany
from tests.base.conftest import Connect
from tests.base.recording_owner import DEADLINE, RecordingOwner, Session
from tests.websocket_client import ACCEPT, BINARY, TEXT, WebSocketClient, close, masked

pytestmark = pytest.mark.gen_test(timeout=60)

plain = pytest.mark.parametrize("transport", ["tcp"])
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def test_a_handshake_is_answered_with_101_and_the_accept_value(connect: Connect) -> None:
    async with await connect() as client:
        assert client.answer.status == 101
        assert client.answer.headers["upgrade"].lower() == "websocket"
        assert client.answer.headers["connection"].lower() == "upgrade"
        assert client.answer.headers["sec-websocket-accept"] == ACCEPT
        assert "sec-websocket-extensions" not in client.answer.headers
        assert "sec-websocket-protocol" not in client.answer.headers


@plain
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Key": None}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://[broken"}, 403),
        ({"Upgrade": None}, 426),
        ({"Connection": "close"}, 426),
        ({"Sec-WebSocket-Version": "8"}, 426),
    ],
)
async def test_a_request_that_is_refused_gets_its_status_and_opens_nothing(
    connect: Connect, owner: RecordingOwner, headers: dict[str, str | None], status: int
) -> None:
    async with await connect(headers=headers) as client:
        assert client.answer.status == status
        assert client.answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert owner.sessions == []


async def test_a_request_without_a_session_gets_401_before_the_upgrade(
    connect: Connect, owner: RecordingOwner
) -> None:
    owner.identify = lambda request: None
    async with await connect() as client:
        assert client.answer.status == 401
    assert owner.sessions == []


@plain
async def test_a_foreign_page_is_refused_before_anybody_looks_at_its_cookies(
    connect: Connect, owner: RecordingOwner
) -> None:
    asked: list[UpgradeRequest] = []
    owner.identify = asked.append
    async with await connect(headers={"Origin": "https://evil.example", "Cookie": "sessionid=x"}) as client:
        assert client.answer.status == 403
    assert asked == []


@plain
@pytest.mark.parametrize("options", [{"allowed_origins": ("https://www.example.org",)}])
async def test_an_allowed_origin_may_come_in(connect: Connect) -> None:
    async with await connect(headers={"Origin": "https://www.example.org"}) as client:
        assert client.answer.status == 101


# What a page may ask over plain HTTP.

NO_UPGRADE = {"Upgrade": None, "Sec-WebSocket-Key": None, "Sec-WebSocket-Version": None}


@pytest.mark.parametrize("connection", ["keep-alive", "upgrade"])  # the latter is what a proxy makes of it
async def test_a_page_may_ask_whether_its_session_holds(
    connect: Connect, owner: RecordingOwner, connection: str
) -> None:
    headers = {**NO_UPGRADE, "Connection": connection}
    async with await connect("/?session", headers=headers) as client:
        assert (client.answer.status, client.answer.headers["cache-control"]) == (204, "no-store")
        assert client.answer.headers["cross-origin-resource-policy"] == "same-site"
    owner.identify = lambda request: None
    async with await connect("/?session", headers=headers) as client:
        assert client.answer.status == 401
    assert owner.sessions == []


@plain
async def test_whoever_may_show_a_token_later_has_no_session_either(connect: Connect, owner: RecordingOwner) -> None:
    owner.identify = lambda request: None
    async with await connect("/?tce&session", headers=NO_UPGRADE) as client:
        assert client.answer.status == 401


@plain
@pytest.mark.parametrize("options", [{"allowed_origins": ("https://www.example.org",)}])
@pytest.mark.parametrize(("identity", "status"), [("anyone", 204), (None, 401)])
async def test_a_page_of_an_allowed_origin_can_read_the_answer(
    connect: Connect, owner: RecordingOwner, identity: str | None, status: int
) -> None:
    owner.identify = lambda request: identity
    headers = {**NO_UPGRADE, "Origin": "https://www.example.org"}
    async with await connect("/?session", headers=headers) as client:
        assert client.answer.status == status
        assert client.answer.headers["access-control-allow-origin"] == "https://www.example.org"
        assert client.answer.headers["access-control-allow-credentials"] == "true"
        assert client.answer.headers["rtserver-session"] == "answered"
        assert client.answer.headers["access-control-expose-headers"] == "Rtserver-Session"


@plain
async def test_a_page_of_another_origin_learns_that_it_may_not_connect_and_nothing_of_the_session(
    connect: Connect, owner: RecordingOwner
) -> None:
    asked: list[UpgradeRequest] = []
    owner.identify = asked.append
    async with await connect("/?session", headers={**NO_UPGRADE, "Origin": "https://evil.example"}) as client:
        assert client.answer.status == 403
        assert client.answer.headers["access-control-allow-origin"] == "https://evil.example"
    assert asked == []


@plain
async def test_an_upgrade_with_that_query_is_an_upgrade(connect: Connect) -> None:
    async with await connect("/?session") as client:
        assert client.answer.status == 101


@plain
async def test_the_owner_sees_the_request_and_gets_its_own_identity_back(
    connect: Connect, owner: RecordingOwner
) -> None:
    owner.identify = lambda request: request.headers["cookie"]
    async with await connect(headers={"Cookie": "sessionid=abc"}):
        await owner.until(lambda: owner.sessions)
    assert owner.sessions[0].identity == "sessionid=abc"
    assert owner.sessions[0].connection.remote_ip == "127.0.0.1"


@plain
@pytest.mark.parametrize("admission", [Admission(AdmissionLimits(connections_per_ip=5))])
@pytest.mark.parametrize("status", [101, 401, 429, 500])
async def test_who_has_to_be_looked_up_first_gets_the_same_answers(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    errors = {429: TooMany(Limit.CONNECTIONS_PER_USER, "too many", 1), 500: LookupError("no database")}

    async def authenticate(credential: str) -> str | None:
        await asyncio.sleep(0)
        if status in errors:
            raise errors[status]
        return "ann" if status == 101 else None

    monkeypatch.setattr(owner, "authenticate", authenticate)
    async with await connect() as client:
        assert client.answer.status == status
        assert [session.identity for session in owner.sessions] == (["ann"] if status == 101 else [])
        assert len(server.admission) == len(server) == len(owner.sessions)


@plain
async def test_what_the_owner_sends_at_the_opening_leaves_with_the_answer_in_one_write(
    port: int, owner: RecordingOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_open = owner.on_open

    def welcome(connection: Connection, identity: str) -> Session | None:
        connection.push(text_frame(b"welcome"))
        return on_open(connection, identity)

    monkeypatch.setattr(owner, "on_open", welcome)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(HANDSHAKE)
        await owner.until(lambda: owner.sessions)
        answer = await asyncio.to_thread(client.recv, 4096)
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(b"\r\n\r\n" + text_frame(b"welcome"))


@plain
async def test_a_failing_authentication_is_500_and_the_next_one_is_asked_again(
    connect: Connect, owner: RecordingOwner, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: UpgradeRequest) -> None:
        raise LookupError("no database")

    owner.identify = fail
    async with await connect() as client:
        assert client.answer.status == 500
    owner.identify = lambda request: "anyone"
    async with await connect() as client:
        assert client.answer.status == 101
    assert "no database" in caplog.text


async def test_text_and_binary_come_back(connect: Connect) -> None:
    async with await connect() as client:
        client.send(masked(TEXT, "κόσμε".encode()) + masked(BINARY, b"\xff\0") + masked(TEXT, b"x" * 65536))
        assert await client.recv() == (0x81, "κόσμε".encode())
        assert await client.recv() == (0x82, b"\xff\0")
        assert await client.recv() == (0x81, b"x" * 65536)


async def test_what_is_sent_right_behind_the_handshake_is_not_lost(connect: Connect) -> None:
    async with await connect(after=masked(TEXT, b"eager")) as client:
        assert await client.recv_text() == "eager"


async def test_each_client_gets_its_own(connect: Connect, owner: RecordingOwner, server: WebSocketServer) -> None:
    async with await connect() as one, await connect() as other:
        one.send_text("one")
        other.send_text("other")
        assert await other.recv_text() == "other"
        assert await one.recv_text() == "one"
        assert len(server) == server.accepted == 2
    await owner.connections_ended()
    assert len(server) == 0
    assert [session.messages for session in owner.sessions] == [[b"one"], [b"other"]]


@plain
async def test_a_blocking_client_in_a_thread_is_served_as_well(connect: Connect, port: int) -> None:
    def talk() -> list[str]:
        with WebSocketClient.connect("127.0.0.1", port) as client:
            assert client.answer.status == 101
            client.send_text("a")
            client.send_text("b")
            answers = [client.recv_text(), client.recv_text()]
            client.send(close(1000))
            assert client.recv_until_close().close_code == 1000
            assert client.is_at_end()
            return answers

    assert await asyncio.to_thread(talk) == ["a", "b"]


@plain
async def test_a_connection_that_the_owner_does_not_want_after_all_is_closed_with_4001(
    connect: Connect, owner: RecordingOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "on_open", lambda connection, identity: None)
    async with await connect() as client:
        assert (await client.recv()).close_code == 4001
        client.send(masked(TEXT, b"hello?") + close(4001))
        assert await client.is_at_end()
    await owner.connections_ended()


@plain
async def test_an_owner_that_fails_at_the_opening_costs_that_connection_only(
    connect: Connect, owner: RecordingOwner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(connection: object, identity: object) -> None:
        raise LookupError("broken owner")

    with monkeypatch.context() as patch:
        patch.setattr(owner, "on_open", fail)
        async with await connect() as client:
            assert await client.is_at_end()
    async with await connect() as client:
        client.send_text("alive")
        assert await client.recv_text() == "alive"
    assert "broken owner" in caplog.text


@plain
async def test_an_owner_that_closes_while_it_opens_is_told_of_the_close(
    connect: Connect, owner: RecordingOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_open = owner.on_open

    def kick(connection: Connection, identity: str) -> Session | None:
        connection.close(4003, "kicked")
        return on_open(connection, identity)

    monkeypatch.setattr(owner, "on_open", kick)
    async with await connect() as client:
        assert (await client.recv()).close_code == 4003
        client.send(close(4003))
        assert await client.is_at_end()
    await owner.connections_ended()
    assert owner.sessions[0].close_codes == [4003]


@plain
async def test_an_owner_that_fails_at_the_end_keeps_no_connection(
    connect: Connect, owner: RecordingOwner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(session: Session, code: int) -> None:
        raise LookupError("broken owner")

    monkeypatch.setattr(owner, "on_close", fail)
    async with await connect() as kicked, await connect() as leaving:
        await owner.until(lambda: len(owner.sessions) == 2)
        owner.sessions[0].connection.close(4003, "kicked")
        assert (await kicked.recv()).close_code == 4003
        kicked.send(close(4003))
        assert await kicked.is_at_end()
        leaving.send(close(1000))
        await leaving.recv_until_close()
    await owner.connections_ended()
    assert caplog.text.count("LookupError: broken owner") == 2


async def test_a_timer_that_fails_leaves_the_others_theirs(
    server: WebSocketServer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise LookupError("broken owner")

    for _ in range(2):
        fired = asyncio.Event()
        server.wheel.arm(server.now(), 0.0, fail)
        server.wheel.arm(server.now(), 0.0, fired.set)
        async with asyncio.timeout(DEADLINE):
            await fired.wait()
    assert caplog.text.count("LookupError: broken owner") == 2


async def test_the_server_belongs_to_its_thread(server: WebSocketServer) -> None:
    refused: list[WrongThreadError] = []

    def start() -> None:
        try:
            server.start(None, None)  # type: ignore[arg-type]  # refused before it is looked at
        except WrongThreadError as error:
            refused.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert len(refused) == 1


async def test_after_the_end_no_task_and_no_timer_is_left(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    before = asyncio.all_tasks()
    async with await connect() as polite, await connect() as rude:
        await owner.until(lambda: len(owner.sessions) == 2)
        for session in owner.sessions:
            session.connection.close(4101, "draining")
        assert [session.close_codes for session in owner.sessions] == [[4101], [4101]]
        await polite.recv_until_close()
        polite.send(close(4101))
        assert await polite.is_at_end()
        await server.wait_closed(0.0)
        assert len(server) == len(server.wheel) == 0
        assert (await rude.recv_until_close()).close_code == 4101
    assert {task for task in asyncio.all_tasks() if not task.done()} <= before
    assert [session.close_codes for session in owner.sessions] == [[4101], [4101]]


@plain
async def test_a_refusal_is_logged_with_its_reason(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "rtserver"):
        async with await connect(headers={"Origin": "https://evil.example"}):
            pass
    assert "https://evil.example" in caplog.text

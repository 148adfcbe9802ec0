"""Binary clients of a running server: what a browser's user gets, they get."""

import asyncio
import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.demo_site import run_lines
from tests.fork_server import REPOSITORY
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.tce_client import (
    CALL,
    CONNECT_REJECT,
    GATEWAY,
    LOW_GATEWAY,
    LOW_TERMINAL,
    PING,
    TceClient,
    packet,
    strings,
    text,
)
from tests.websocket_client import WebSocketClient

START_MS = 1_362_148_200_000
PRINT_TOKEN = (
    "from django.contrib.auth.models import User; from rtserver.user.session.token import make_token;"
    "print(make_token(User.objects.get(username='demo')))"
)
ways = pytest.mark.parametrize("way", ["tcp", "websocket"])


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which the demo site has its secret key and its database."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def server(module_redis_url: str, var_dir: Path) -> Iterator[RunningServer]:
    """Up for all tests of this module, with the servant of the documentation."""
    options = ("--no-demo-quotes", "--rpc-servants", "cart_servant:CartServant")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(REPOSITORY / "docs/examples"))
        with RunningServer(module_redis_url, var_dir, unused_port(), *options) as server:
            yield server


async def meet(server: RunningServer, way: str) -> TceClient:
    if way == "tcp":
        return await TceClient.over_tcp(server.tce_port)
    return await TceClient.over_websocket(server.port)


async def logged_in(server: RunningServer, way: str, token: str) -> TceClient:
    client = await meet(server, way)
    await client.ping(token=token)
    return client


def chart_request(item: str) -> str:
    data = {"type": "quote", "chart_id": "c", "exchange": "TEST", "item": item, "date": "20130301"}
    return json.dumps({"type": "mycharts", "data": {**data, "update": "dynamic"}, "id": 1})


def metric(server: RunningServer, name: str) -> float:
    lines = urllib.request.urlopen(f"{server.url}/metrics").read().decode().splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def make_token(var_dir: Path, redis_url: str) -> str:
    """Return a token that the site makes in a process of its own."""
    return run_lines(var_dir, redis_url, PRINT_TOKEN).strip()


@ways
def test_quotes_reach_a_chart(server: RunningServer, login: DemoLogin, queue: ServiceQueue, way: str) -> None:
    async def scenario() -> None:
        async with await logged_in(server, way, login.session_key) as client:
            client.say(chart_request(f"T{way}"))
            picture = await client.message("mycharts")
            assert (picture["id"], picture["data"]["update"]) == (1, "static")
            queue.push_price(f"TEST:T{way}:20130301", START_MS, 430.5)
            update = await client.data("mycharts")
            assert update["chart"]["series"] == [[0, START_MS, 430.5]]

    asyncio.run(scenario())


@ways
def test_a_pushed_message_reaches_browser_and_binary_client_alike(
    server: RunningServer, login: DemoLogin, connect: Any, queue: ServiceQueue, way: str
) -> None:
    async def scenario() -> None:
        browser = connect()
        user_id = json.loads(browser.recv_text())["data"]["user"]["id"]
        async with await logged_in(server, way, login.session_key) as client:
            queue.push("pushuser", {"user_id": user_id, "type": "notice", "data": {"text": "hé"}})
            assert await client.data("notice") == {"text": "hé"}
            message = json.loads(browser.recv_text())
            assert (message["type"], message["data"]) == ("notice", {"text": "hé"})

    asyncio.run(scenario())


@ways
def test_a_binary_client_that_comes_back_resumes_as_a_page_does(
    server: RunningServer, login: DemoLogin, queue: ServiceQueue, way: str
) -> None:
    async def scenario() -> None:
        async with await logged_in(server, way, login.session_key) as before:
            offset = (await before.data("userinfo"))["offset"]
            queue.push("pushuser", {"user_id": 1, "type": "notice", "data": {"text": "missed"}})
            missed = await before.message("notice")
        async with await logged_in(server, way, login.session_key) as client:
            client.say(json.dumps({"type": "resume", "data": {"offset": offset}, "id": 4}))
            assert await client.message("notice") == missed
            assert await client.message("resumed") == {"type": "resumed", "data": {"count": 1}, "id": 4}

    asyncio.run(scenario())


def test_a_token_that_the_site_has_signed_logs_in_until_it_is_revoked(
    server: RunningServer, var_dir: Path, queue: ServiceQueue
) -> None:
    async def scenario() -> None:
        token = make_token(var_dir, server.redis_url)
        async with await logged_in(server, "tcp", token) as tcp, await logged_in(server, "websocket", token) as other:
            for client in (tcp, other):
                assert (await client.data("userinfo"))["user"]["name"] == "demo"
            queue.push("django_site", {"op": "session_closed", "session_key": token})
            assert [message["data"]["code"] for message in await tcp.rest()] == [4009]
            assert (await other.rest(), other.close_code) == ([], 4009)

    asyncio.run(scenario())


def test_a_revoked_token_stays_revoked_over_a_restart_and_at_another_worker(redis_url: str, tmp_path: Path) -> None:
    async def refusal(server: RunningServer, token: str) -> int:
        async with await meet(server, "tcp") as client:
            answer = await client.answer(client.call(GATEWAY, PING, text("?"), token=token))
            return answer.errcode

    async def revoke(server: RunningServer, token: str) -> None:
        async with await logged_in(server, "tcp", token) as client:
            with ServiceQueue(redis_url) as queue:
                queue.push("django_site", {"op": "session_closed", "session_key": token})
                await client.rest()
                await asyncio.to_thread(queue.wait_until_saved)

    with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes") as server:
        token = make_token(tmp_path, redis_url)
        asyncio.run(revoke(server, token))
        # Its own memory says so for a minute; a worker that was never told has the list alone, and so has the next.
        with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes") as other:
            assert asyncio.run(refusal(other, token)) == CONNECT_REJECT
            as_cookie = WebSocketClient.connect("127.0.0.1", other.port, "/rt/", {"Cookie": f"sessionid={token}"})
            assert as_cookie.answer.status == 401
            as_cookie.socket.close()
            asyncio.run(check_another_token(other, tmp_path, token))
        server.stop()
        server.start()
        assert asyncio.run(refusal(server, token)) == CONNECT_REJECT


async def check_another_token(server: RunningServer, var_dir: Path, revoked: str) -> None:
    """The user may come in with one of another second: within the same they are alike."""
    token = revoked
    while token == revoked:
        token = await asyncio.to_thread(make_token, var_dir, server.redis_url)
    async with await logged_in(server, "tcp", token) as client:
        assert (await client.data("userinfo"))["user"]["name"] == "demo"


@ways
def test_a_stranger_is_refused(server: RunningServer, way: str) -> None:
    async def scenario() -> None:
        for token in ("rtserver:WyIxIl0:1uXyz:forged", "abcdefghijklmnopqrstuvwxyz123456", None):
            async with await meet(server, way) as client:
                answer = await client.answer(client.call(GATEWAY, PING, text("?"), token=token))
                assert answer.errcode == CONNECT_REJECT
                await client.rest()

    before = metric(server, "rtserver_tce_refusals_total")
    asyncio.run(scenario())
    assert metric(server, "rtserver_tce_refusals_total") == before + 3
    for words in ("it was not signed with this SECRET_KEY", "it is not in the cache", "none came"):
        server.wait_said(f"not logged in: no valid token in the first packet: {words}")
    assert "abcdefghijklmnopqrstuvwxyz123456" not in "".join(server.output)


@ways
@pytest.mark.parametrize("says_so", [True, False], ids=["it says so", "it calls the gateway of eight bits"])
def test_a_client_in_cpp_is_called_by_an_index_that_it_can_serve(
    server: RunningServer, login: DemoLogin, queue: ServiceQueue, way: str, says_so: bool
) -> None:
    async def scenario() -> None:
        async with await meet(server, way) as client:
            client.terminal = LOW_TERMINAL
            more = {"terminal_index": "250"} if says_so else {}
            gateway = GATEWAY if says_so else LOW_GATEWAY
            answer = await client.answer(client.call(gateway, PING, text("?"), token=login.session_key, **more))
            assert strings(answer.params) == ["?"]
            assert (await client.data("userinfo"))["user"]["name"] == "demo"
            queue.push("pushuser", {"user_id": 1, "type": "notice", "data": {"text": "hé"}})
            assert await client.data("notice") == {"text": "hé"}
            client.call(LOW_GATEWAY, 0, text('{"type":"ping","id":5}'))
            assert (await client.message("ping"))["id"] == 5

    asyncio.run(scenario())


def test_a_terminal_of_another_index_is_refused(server: RunningServer, login: DemoLogin) -> None:
    async def scenario(index: str) -> None:
        async with await meet(server, "tcp") as client:
            number = client.call(GATEWAY, PING, text("?"), token=login.session_key, terminal_index=index)
            assert (await client.answer(number)).errcode == CONNECT_REJECT
            (closed,) = await client.rest()
            assert closed["data"]["reason"] == f"terminal_index is {index}; there are 250 and 30000"

    asyncio.run(scenario("7"))


def test_an_emoji_survives_both_ways_of_the_original_javascript_client(
    server: RunningServer, login: DemoLogin, queue: ServiceQueue
) -> None:
    """It sends a packet's header in a message of its own, and characters as two halves of three bytes each."""
    face = b"\xed\xa0\xbd\xed\xb8\x80"

    async def scenario() -> None:
        async with await meet(server, "websocket") as client:
            params = len(face).to_bytes(4, "big") + face
            whole = packet(CALL | 0x40, 0, GATEWAY, PING, params, {"__token__": login.session_key})
            client.send(whole[:14])
            client.send(whole[14:])
            assert (await client.answer(0)).params == params
            data = {"user_id": 1, "type": "notice", "data": {"text": "\N{GRINNING FACE}"}}
            queue.push_raw(json.dumps({"type": "pushuser", "src": "test", "data": data}, ensure_ascii=False))
            found = (await client.data("notice"))["text"]
            assert ascii(found) == r"'\ud83d\ude00'"  # two characters for Python, one for who reads UTF-16

    asyncio.run(scenario())


@ways
def test_a_logout_closes_the_connection(server: RunningServer, way: str) -> None:
    async def scenario() -> None:
        login = DemoLogin(server.url)
        async with await logged_in(server, way, login.session_key) as client:
            client.messages.clear()
            await asyncio.to_thread(login.log_out)
            rest = await client.rest()
            assert 4009 in (client.close_code, *(message["data"]["code"] for message in rest))

    asyncio.run(scenario())


@ways
def test_a_teams_own_servant_knows_the_user_and_reaches_the_browser(
    server: RunningServer, login: DemoLogin, connect: Any, way: str
) -> None:
    async def scenario() -> None:
        browser = connect()
        browser.recv_text()
        async with await logged_in(server, way, login.session_key) as client:
            answer = await client.answer(client.call(20000, 0, text("nails") + (12).to_bytes(4, "big")))
            assert answer.params.endswith(text("nails") + (12).to_bytes(4, "big"))
            assert json.loads(browser.recv_text())["type"] == (await client.message("cart"))["type"] == "cart"

    asyncio.run(scenario())


def test_connections_are_counted_by_kind(server: RunningServer, login: DemoLogin) -> None:
    async def scenario() -> None:
        async with (
            await logged_in(server, "tcp", login.session_key),
            await logged_in(server, "websocket", login.session_key),
        ):
            assert metric(server, 'rtserver_connections_by_kind{kind="tce"}') >= 1
            assert metric(server, 'rtserver_connections_by_kind{kind="tce, websocket"}') >= 1
            assert metric(server, "rtserver_tce_messages_total") >= 2

    asyncio.run(scenario())


@pytest.mark.parametrize("with_stranger", [True, False])
def test_a_signal_tells_binary_clients_when_to_come_back(redis_url: str, tmp_path: Path, with_stranger: bool) -> None:
    async def scenario(server: RunningServer, session_key: str) -> None:
        stranger = await meet(server, "tcp") if with_stranger else None
        async with (
            await logged_in(server, "tcp", session_key) as tcp,
            await logged_in(server, "websocket", session_key) as websocket,
        ):
            assert await asyncio.to_thread(server.stop, signal.SIGTERM) == 0
            over_tcp = [(each["type"], each["data"]) for each in await tcp.rest()]
            assert [kind for kind, _ in over_tcp] == ["userinfo", "reconnect", "closed"]
            assert over_tcp[-1][1]["code"] == 4101
            assert [each["type"] for each in await websocket.rest()] == ["userinfo", "reconnect"]
            assert websocket.close_code == 4101
        if stranger is not None:
            async with stranger:
                assert [each["data"]["code"] for each in await stranger.rest()] == [4101]

    with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes") as server:
        asyncio.run(scenario(server, DemoLogin(server.url).session_key))


def test_without_a_port_for_them_binary_clients_still_have_the_websocket(redis_url: str, tmp_path: Path) -> None:
    async def scenario(server: RunningServer, session_key: str) -> None:
        with pytest.raises(ConnectionRefusedError):
            await meet(server, "tcp")
        async with await logged_in(server, "websocket", session_key) as client:
            assert await client.ping() == "?"

    with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes", "--tce-port", "0") as server:
        asyncio.run(scenario(server, DemoLogin(server.url).session_key))
    assert "tce" not in "".join(server.output[:8])

"""The policy of docs/examples in a real server: who gets which quotes, by the groups of the demo site."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from rtserver.bootstrap.config.plugin import load_policy
from rtserver.user.identity import Identity
from tcelib.error import RPCERROR_REMOTEMETHOD_EXCEPTION
from tests.conftest import unused_port
from tests.docs.conftest import MSG_HANDLERS, SERVANTS
from tests.docs.document import ROOT
from tests.docs.site_shell import run_on_site
from tests.docs.visitor import Visitor, log_in
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.tce_client import TceClient, text

CART, ADD = 20000, 0
EXAMPLES = ROOT / "docs" / "examples"
SERVICES = ("--services", "chat_room:ChatService")
PLUGINS = (
    "--msg-handlers",
    MSG_HANDLERS,
    *SERVICES,
    "--rpc-servants",
    SERVANTS,
    "--policy",
    "group_policy:GroupPolicy",
)
OPTIONS = ("--no-demo-quotes", *PLUGINS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, var_dir: Path) -> Iterator[RunningServer]:
    """A server that has loaded the policy."""
    with pytest.MonkeyPatch.context() as patch, RedisProcess(tmp_path_factory.mktemp("redis")) as redis_process:
        patch.setenv("PYTHONPATH", str(EXAMPLES))
        patch.setenv("RTSERVER_REDIS_URL", redis_process.url)
        with RunningServer(redis_process.url, var_dir, unused_port(), *OPTIONS) as running:
            yield running


def chart(exchange: str, request_id: str) -> str:
    data = {"type": "quote", "chart_id": exchange, "exchange": exchange, "item": "cu", "date": "20151120"}
    return json.dumps({"type": "mycharts", "data": {**data, "update": "dynamic"}, "id": request_id})


def price(exchange: str, label: int) -> str:
    info = {"quote": f"{exchange}:cu:20151120", "info": {"point": [label, 1.5]}}
    return json.dumps({"type": "quote", "src": "test", "data": [info]})


def next_of(visitor: Visitor, *types: str) -> dict:
    """The next message of one of these types."""
    while (message := json.loads(visitor.receive_text()))["type"] not in types:
        pass
    return message


def test_quotes_of_an_exchange_are_for_its_group_as_long_as_one_is_in_it(
    visitor: Visitor, server: RunningServer, var_dir: Path, queue: redis.Redis
) -> None:
    visitor.send(chart("LME", "1"))
    error = next_of(visitor, "error", "mycharts")
    assert (error["type"], error["id"]) == ("error", "1")
    assert error["data"]["code"] == "forbidden"
    assert error["data"]["message"] == "chart LME: quotes of LME are for metal traders"
    # Into the group: the site's signal tells the server, which looks at the user again.
    run_on_site(server, var_dir, "demo.groups.add(Group.objects.create(name='metal traders'))")
    while next_of_request(visitor, "2")["type"] == "error":
        pass
    visitor.send(chart("FREE", "3"))
    assert next_of(visitor, "mycharts")["data"]["chart_id"] == "FREE"
    queue.rpush("queue:rtserver", price("LME", 1))
    assert next_of(visitor, "mycharts")["data"]["chart_id"] == "LME"
    # Out of it again: the chart ends, the other one goes on.
    run_on_site(server, var_dir, "demo.groups.clear()")
    error = next_of(visitor, "error")
    assert (error["data"]["code"], error["data"]["chart_id"]) == ("forbidden", "LME")
    queue.rpush("queue:rtserver", price("LME", 2), price("FREE", 1))
    assert next_of(visitor, "mycharts")["data"]["chart_id"] == "FREE"


def next_of_request(visitor: Visitor, request_id: str) -> dict:
    """Ask for the chart (again), and take what it is answered."""
    visitor.send(chart("LME", request_id))
    return next_of(visitor, "error", "mycharts")


def test_a_room_of_the_chat_is_for_its_group_to_read_and_to_write(server: RunningServer, var_dir: Path) -> None:
    run_on_site(server, var_dir, "Group.objects.get_or_create(name='metal traders')")
    subscribe = {"op": "subscribe", "topic_id": "c", "service": "chat", "request": {"room": "floor"}}
    with Visitor(server, log_in(server, "guest")) as guest:
        for message_type, data in (("topic", subscribe), ("chat", {"room": "floor", "text": "hello"})):
            guest.send(json.dumps({"type": message_type, "data": data}))
            error = next_of(guest, "error")["data"]
            assert (error["code"], error["type"]) == ("forbidden", message_type)
            assert error["message"].endswith("the room floor is for metal traders")
        guest.send(json.dumps({"type": "topic", "data": {**subscribe, "request": {"room": "lobby"}}}))
        assert next_of(guest, "topic")["data"]["data"] == {"lines": [], "here": []}
        guest.send(json.dumps({"type": "chat", "data": {"room": "lobby", "text": "hello"}}))
        [line] = next_of(guest, "topic")["data"]["updates"]
        assert (line["name"], line["text"]) == ("guest", "hello")


def test_a_message_that_is_not_for_guests_is_refused_to_guest(server: RunningServer) -> None:
    with Visitor(server, log_in(server, "guest")) as guest:
        guest.send('{"type":"todo","data":{"op":"add","text":"sweep"},"id":7}')
        answer = next_of(guest, "error")
    assert (answer["type"], answer["id"], answer["data"]["code"]) == ("error", 7, "forbidden")


def test_a_call_that_is_not_for_guests_is_answered_with_an_error(server: RunningServer) -> None:
    nails = text("nails") + (12).to_bytes(4, "big")

    async def add(session_key: str) -> int:
        async with await TceClient.over_tcp(server.tce_port) as client:
            await client.ping(token=session_key)
            return (await client.answer(client.call(CART, ADD, nails))).errcode

    # Not here: a browser that another test has opened keeps a loop running in this thread.
    with ThreadPoolExecutor(1) as pool:
        errors = [pool.submit(asyncio.run, add(log_in(server, name))).result(30) for name in ("guest", "demo")]
    assert errors == [RPCERROR_REMOTEMETHOD_EXCEPTION, 0]


@pytest.mark.parametrize(
    ("groups", "rate"),
    [((), 1.0), (("buyers",), 1.0), (("stock traders",), 10.0), (("stock traders", "metal traders"), 20.0)],
)
def test_the_best_of_a_users_groups_says_how_often_a_chart_is_sent(
    monkeypatch: pytest.MonkeyPatch, groups: tuple[str, ...], rate: float
) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    policy = load_policy("group_policy:GroupPolicy")
    assert policy.max_rate(Identity(1, "ann", "key", frozenset(groups))) == rate

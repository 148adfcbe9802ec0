"""The files of docs/examples, loaded by a real server and talked to by real clients."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from tcelib.tmake import tce2py
from tests.docs.conftest import report_weather
from tests.docs.dead_stream import DeadStream
from tests.docs.document import EXTENDING, ROOT, blocks
from tests.docs.site_shell import run_on_site
from tests.docs.visitor import Visitor
from tests.running_server import RunningServer
from tests.tce_client import TceClient, text
from tests.until import until

EXAMPLES = ROOT / "docs" / "examples"
CART, ADD = 20000, 0


@pytest.fixture(scope="module")
def group(server: RunningServer, var_dir: Path) -> str:
    """A Django group whose only member is demo."""
    run_on_site(server, var_dir, "Group.objects.create(name='buyers').user_set.add(demo)")
    return "buyers"


def test_the_document_shows_the_example_files_whole() -> None:
    examples = [path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.py")]
    assert sorted(blocks(EXTENDING, "python")) == sorted(examples)


def test_echo_says_back_what_it_was_told(visitor: Visitor) -> None:
    assert visitor.ask("echo", {"text": "hello", "times": 2}) == ["demo says hello", "demo says hello"]


@pytest.mark.parametrize("data", [{"text": " "}, {"text": "x", "times": 4}, {}], ids=["empty", "too often", "none"])
def test_echo_refuses_what_makes_no_sense(visitor: Visitor, data: object) -> None:
    visitor.send(json.dumps({"type": "echo", "data": data, "id": 5}))
    answer = json.loads(visitor.receive_text())
    assert (answer["type"], answer["id"], answer["data"]["code"]) == ("error", 5, "bad_request")


def test_what_one_tab_adds_to_the_list_all_tabs_of_the_user_show(
    visitor: Visitor, server: RunningServer, session_key: str
) -> None:
    with Visitor(server, session_key) as other:
        other.receive("todo")
        plants = {"number": 0, "text": "water the plants", "is_done": False}
        assert visitor.ask("todo", {"op": "add", "text": "water the plants"}) == {"items": [plants]}
        assert other.receive("todo") == {"items": [plants]}


def test_a_finished_item_is_shown_by_the_tab_that_wants_to_see_it(
    visitor: Visitor, server: RunningServer, session_key: str
) -> None:
    with Visitor(server, session_key) as other:
        other.receive("todo")
        assert other.ask("todo", {"op": "show", "finished": True}) == {"items": []}
        visitor.ask("todo", {"op": "add", "text": "sweep"})
        other.receive("todo")
        assert visitor.ask("todo", {"op": "finish", "number": 0}) == {"items": []}
        assert other.receive("todo") == {"items": [{"number": 0, "text": "sweep", "is_done": True}]}


def test_an_item_that_is_not_there_cannot_be_finished(visitor: Visitor) -> None:
    visitor.send('{"type":"todo","data":{"op":"finish","number":3}}')
    assert visitor.receive("error")["message"] == "there is no item 3"


def test_an_alert_reaches_the_members_of_its_group(visitor: Visitor, queue: redis.Redis, group: str) -> None:
    message = queue_line("alert")
    assert json.loads(message)["data"]["group"] == group
    queue.rpush("queue:rtserver", message)
    assert visitor.receive("alert") == {"level": "urgent", "text": "copper is running out", "src": "warehouse"}


def test_an_alert_to_a_group_that_does_not_exist_is_a_dead_letter(
    visitor: Visitor, queue: redis.Redis, group: str
) -> None:
    dead = DeadStream(queue)
    for name in ("nobody", group):
        data = {"group": name, "text": "hello"}
        queue.rpush("queue:rtserver", json.dumps({"type": "alert", "src": "test", "data": data}))
    assert visitor.receive("alert")["text"] == "hello"  # the one behind it: a dead letter holds up nothing
    [letter] = dead.receive(1)
    assert (letter["reason"], letter["detail"]) == ("bad_data", "there is no group 'nobody'")


def test_an_order_is_written_for_the_printer_once(queue: redis.Redis, var_dir: Path) -> None:
    line = queue_line("packing_list")
    order = var_dir / "packing" / "order-1017.txt"
    queue.rpush("queue:rtserver", line)
    assert wait_for(order).read_text() == "2 x copper wire\n"
    order.unlink()
    other = {"type": "packing_list", "src": "test", "data": {"order": 1018, "items": {"nails": 100}}}
    queue.rpush("queue:rtserver", line, json.dumps(other))
    wait_for(order.with_name("order-1018.txt"))
    assert not order.exists()


def test_an_order_of_nothing_is_a_dead_letter(queue: redis.Redis) -> None:
    dead = DeadStream(queue)
    queue.rpush("queue:rtserver", '{"type":"packing_list","src":"test","data":{"order":1,"items":{}}}')
    [letter] = dead.receive(1)
    assert (letter["reason"], letter["detail"]) == ("bad_data", "nothing to pack")


@pytest.fixture
def billing(server: RunningServer) -> Iterator[None]:
    """The program that reads ``queue:billing``."""
    environment = {**os.environ, "REDIS_URL": server.redis_url, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, EXAMPLES / "billing.py"], env=environment, cwd=ROOT)
    yield
    process.kill()
    process.wait()


def test_two_programs_talk_to_each_other_over_their_queues(server: RunningServer, billing: None) -> None:
    environment = {**os.environ, "REDIS_URL": server.redis_url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, EXAMPLES / "order_desk.py"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "order 1017: 25.00\norder 1018: 17.50\n"


def test_an_order_that_the_server_hands_on_is_billed(queue: redis.Redis, billing: None) -> None:
    queue.rpush("queue:rtserver", queue_line("order"))
    until(lambda: queue.exists("queue:shop"), "the invoice is there")
    [(_, fields)] = queue.xrange("queue:shop")
    assert json.loads(fields["body"]) == {
        "type": "invoice",
        "src": "queue:billing",
        "data": {"number": 1019, "total": 0.5},
        "id": "invoice-1019",
    }


def test_a_pie_is_drawn_on_every_tab_that_shows_one_each_time_it_changes(
    visitor: Visitor, server: RunningServer, session_key: str
) -> None:
    def render(chart_id: str, **states: int) -> dict[str, object]:
        return {"type": "render", "chart_id": chart_id, "kind": "pie", "data": states}

    with Visitor(server, session_key) as other:
        other.receive("todo")
        other.send('{"type":"orders","data":{"op":"show","chart_id":"mine"}}')
        assert other.receive("mycharts") == render("mine")
        visitor.send('{"type":"orders","data":{"op":"order","state":"open"}}')
        assert other.receive("mycharts") == render("mine", open=1)
        visitor.send('{"type":"orders","data":{"op":"show","chart_id":"pie"}}')
        assert visitor.receive("mycharts") == render("pie", open=1)
        other.send('{"type":"orders","data":{"op":"hide","chart_id":"mine"}}')
        other.send('{"type":"orders","data":{"op":"order","state":"filled"}}')
        assert visitor.receive("mycharts") == render("pie", open=1, filled=1)
        assert other.ask("ping", "end") == "pong"


def test_the_depth_of_a_market_is_the_newest_book_for_all_who_look_at_it(
    visitor: Visitor, server: RunningServer, session_key: str, queue: redis.Redis
) -> None:
    line = queue_line("depth")
    book = json.loads(line)["data"]
    quote = book.pop("quote")
    subscribe = {"op": "subscribe", "topic_id": "d", "service": "depth", "request": {"quote": quote}}
    assert visitor.ask("topic", subscribe)["data"] == {"bids": [], "asks": []}
    queue.rpush("queue:rtserver", line)
    assert visitor.receive("topic")["updates"] == [book]
    with Visitor(server, session_key) as late:
        late.receive("todo")
        assert late.ask("topic", subscribe)["data"] == book


def test_the_weather_of_a_city_is_followed_by_all_who_look_at_it(
    visitor: Visitor, server: RunningServer, session_key: str, var_dir: Path
) -> None:
    subscribe = {"op": "subscribe", "topic_id": "w", "service": "weather", "request": {"city": "oslo"}}
    report_weather(var_dir, "oslo", -3)
    assert visitor.ask("topic", subscribe)["data"] == {"celsius": -3}
    report_weather(var_dir, "oslo", -4)
    assert visitor.receive("topic")["updates"] == [{"celsius": -4}]
    with Visitor(server, session_key) as other:
        other.receive("todo")
        assert other.ask("topic", subscribe)["data"] == {"celsius": -4}
        report_weather(var_dir, "oslo", -5)
        assert [each.receive("topic")["updates"] for each in (visitor, other)] == [[{"celsius": -5}]] * 2


@pytest.mark.parametrize(
    ("request_data", "reason"),
    [
        ({"city": "atlantis"}, "topic w: there is no station in atlantis"),
        ({"city": "../etc"}, "matching regex '^[a-z]{1,32}$'"),
        ({}, "missing required field `city`"),
    ],
)
def test_the_weather_of_nowhere_is_refused_with_the_reason(
    visitor: Visitor, request_data: dict[str, str], reason: str
) -> None:
    data = {"op": "subscribe", "topic_id": "w", "service": "weather", "request": request_data}
    visitor.send(json.dumps({"type": "topic", "data": data, "id": 5}))
    error = visitor.receive("error")
    assert (error["code"], error["topic_id"]) == ("bad_request", "w")
    assert reason in error["message"]


def test_an_indicator_of_a_plug_in_is_listed_and_drawn_like_any_other(visitor: Visitor, queue: redis.Redis) -> None:
    listed = {each["name"]: each for each in visitor.ask("mycharts", {"type": "indicators"})["indicators"]}
    assert list(listed)[-1] == "spread"
    assert listed["spread"]["parameters"][0]["default"] == 10
    assert listed["sma"]["outputs"] == [{"suffix": "", "axis": "price", "kind": "line"}]

    bars = [[label, 10, 10, 9, 9 + label, 100] for label in (1, 2, 3)]
    data = [{"quote": "DEMO:SPREAD:20130301", "info": {"point": bar}} for bar in bars]
    queue.rpush("queue:rtserver", json.dumps({"type": "quote", "src": "feed-1", "data": data}))
    request = {"type": "quote", "chart_id": "s", "exchange": "DEMO", "item": "SPREAD", "date": "20130301"}
    request |= {"update": "static", "indicators": ["spread:2"]}
    until(lambda: visitor.ask("mycharts", request)["seq"] == 3, "the bars have come")
    chart = visitor.ask("mycharts", request)["chart"]
    assert chart["yAxis"] == [{"name": "price"}, {"name": "spread"}]
    assert chart["series"][1] == {"name": "spread:2", "type": "bar", "yAxisIndex": 1, "data": [[2, 1.5], [3, 2.5]]}


def test_a_service_that_does_not_exist_is_refused_by_its_name(visitor: Visitor) -> None:
    visitor.send('{"type":"topic","data":{"op":"subscribe","topic_id":1,"service":"wether"}}')
    error = visitor.receive("error")
    assert (error["code"], error["message"]) == ("bad_request", "topic 1: there is no service 'wether'")


def queue_line(msg_type: str) -> str:
    """The document's one message of a type."""
    [line] = [text.strip() for text in blocks(EXTENDING, "json queue") if json.loads(text)["type"] == msg_type]
    return line


def wait_for(file: Path) -> Path:
    """A file, as soon as it is there."""
    until(file.exists, f"{file} is written")
    return file


def test_the_document_shows_the_example_interface_and_its_stubs_are_made_of_it(tmp_path: Path) -> None:
    idl = EXAMPLES / "cart.idl"
    assert blocks(EXTENDING, "idl") == [idl.read_text()]
    assert tce2py.main(["-i", str(idl), "-o", str(tmp_path)]) == 0
    assert (tmp_path / "shop.py").read_text() == (EXAMPLES / "stubs" / "shop.py").read_text()


def test_what_a_binary_client_puts_into_the_cart_the_browser_is_told(
    visitor: Visitor, server: RunningServer, session_key: str
) -> None:
    nails, screws = (text(name) + count.to_bytes(4, "big") for name, count in (("nails", 12), ("screws", 7)))

    async def fill_cart() -> list[bytes]:
        async with await TceClient.over_tcp(server.tce_port) as client:
            await client.ping(token=session_key)
            return [(await client.answer(client.call(CART, ADD, item))).params for item in (nails, screws)]

    # Not here: a browser that another test has opened keeps a loop running in this thread.
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(asyncio.run, fill_cart()).result(30)
    assert answers == [b"\0\0\0\x01" + nails, b"\0\0\0\x02" + nails + screws]
    assert [visitor.receive("cart"), visitor.receive("cart")] == [{"items": 1}, {"items": 2}]

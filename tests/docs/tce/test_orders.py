"""The example of rtserver as a gateway: a service behind a stream, called by pages in JSON and by programs in TCE."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import RedisServer, unused_port
from tests.demo_login import DemoLogin
from tests.docs.document import ROOT
from tests.docs.tce.served import served
from tests.docs.tce.workshop import Workshop
from tests.running_server import RunningServer
from tests.until import until
from tests.websocket_client import WebSocketClient

ORDERS = ROOT / "docs" / "tce" / "orders"
FAILED = "RPCERROR_REMOTEMETHOD_EXCEPTION: shop.Orders.cancel failed at the peer"
BY_TCE = """async (url) => {
  const { Item, OrdersProxy } = await import("./shop.js");
  const orders = OrdersProxy.create(url);
  const receipt = await orders.place([new Item({ name: "nail", pieces: 3, price: 0.5 })]);
  await orders.cancel(receipt.number);
  return [typeof receipt.number, receipt.total];
}"""
NAIL = {"name": "nail", "pieces": 100, "price": 0.05}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer, module_redis_url: str) -> Workshop:
    """The example's files, with the test's Redis."""
    root = tmp_path_factory.mktemp("checkout")
    url = f"redis://127.0.0.1:{redis_server.port}/0"
    replaced = {url: module_redis_url, '"orders.idl"': f'"{ORDERS}/orders.idl"'}
    workshop = Workshop(root, redis_server.port, source=ORDERS, ports=(), replaced=replaced)
    workshop.run("tce2py -i orders.idl ./")
    workshop.run("tce2js -i orders.idl ./ --runtime ../../../site/static/js/rtc/tce.js")
    return workshop


@pytest.fixture(scope="module")
def pages(workshop: Workshop) -> Iterator[str]:
    """The address at which the page lies."""
    with served(workshop.root) as url:
        yield url


@pytest.fixture(scope="module")
def server(workshop: Workshop, pages: str, module_redis_url: str) -> Iterator[RunningServer]:
    """An rtserver with the example's configuration, and the service behind it."""
    config = workshop.directory / "rtserver.toml"
    config.write_text(config.read_text().replace("http://localhost:8000", pages))
    var = workshop.root / "var"
    var.mkdir()
    options = ("--no-demo-quotes", "--config", str(config))
    with (
        RunningServer(module_redis_url, var, unused_port(), *options) as server,
        workshop.serving("python service.py"),
    ):
        login = DemoLogin(server.url)
        with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", login.headers) as client:
            until(lambda: "data" in ask(client, "orders.wanted", {"customer": "x"}), "the service is there")
        yield server


@pytest.fixture
def client(server: RunningServer) -> Iterator[WebSocketClient]:
    """A page of the user demo."""
    with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers) as client:
        yield client


def answer_to(client: WebSocketClient, number: object) -> dict[str, Any]:
    """The message with this id."""
    while True:
        message: dict[str, Any] = json.loads(client.recv_text())
        if message.get("id") == number:
            return message


def ask(client: WebSocketClient, type_: str, data: object, number: object = 7) -> dict[str, Any]:
    client.send_text(json.dumps({"type": type_, "id": number, "data": data}))
    message = answer_to(client, number)
    return {"data": message["data"]} if message["type"] == type_ else {"error": message["data"]}


def test_a_json_message_is_a_call_whose_answer_comes_by_its_id(client: WebSocketClient) -> None:
    receipt = ask(client, "orders.place", {"items": [NAIL]}, "seven")["data"]
    assert receipt == {"number": receipt["number"], "customer": receipt["customer"], "total": 5.0}
    assert int(receipt["number"]) > 2**53  # as a text
    assert ask(client, "orders.wanted", {"customer": receipt["customer"]})["data"] == [NAIL]
    assert ask(client, "orders.cancel", {"number": receipt["number"]}) == {"data": None}
    assert ask(client, "orders.wanted", {"customer": receipt["customer"]})["data"] == []


def test_a_mismatch_is_a_bad_request_with_its_path(client: WebSocketClient) -> None:
    error = ask(client, "orders.place", {"items": [NAIL, {**NAIL, "price": "much"}]})["error"]
    assert error == {
        "code": "bad_request",
        "message": "data.items[1].price must be a number",
        "type": "orders.place",
    }


def test_a_service_that_fails_is_told_by_a_code_and_the_number_of_tce(client: WebSocketClient) -> None:
    error = ask(client, "orders.cancel", {"number": 1})["error"]
    assert (error["code"], error["errcode"], error["type"]) == ("failed", 6, "orders.cancel")


def test_a_program_calls_over_the_port_of_tce(workshop: Workshop, server: RunningServer) -> None:
    token = DemoLogin(server.url).session_key
    output, errors = workshop.run(f"python client.py {token} {server.tce_port}")
    number, total = output.splitlines()[0].split()
    assert int(number) > 2**53
    assert (total, output.splitlines()[1:], errors) == ("17.5", ["[]", FAILED], "")


@pytest.mark.javascript
def test_a_plain_page_calls_without_tce_and_one_with_tce_js_as_well(
    server: RunningServer, pages: str, page: Page
) -> None:
    login = DemoLogin(server.url)
    page.context.add_cookies([{"name": "sessionid", "value": login.session_key, "domain": "localhost", "path": "/"}])
    tce_url = f"ws://localhost:{server.port}/rt/?tce"
    page.goto(f"{pages}/docs/tce/orders/page.html?server=ws://localhost:{server.port}/rt/")
    expect(page.locator("#state")).to_have_text("open")
    page.click("#place")
    expect(page.locator("#log li")).to_have_count(2)
    first, second = page.locator("#log li").all_inner_texts()
    assert first.startswith("order 900719925474")
    assert first.endswith(": 5")
    assert second == "cancelled, 0 left"
    page.click("#mistake")
    expect(page.locator("#log li").last).to_have_text("bad_request: data.items[0].pieces must be a whole number")
    # The same page by tce.js: the service sees no difference.
    assert page.evaluate(BY_TCE.replace("./shop.js", f"{pages}/docs/tce/orders/shop.js"), tce_url) == ["bigint", 1.5]

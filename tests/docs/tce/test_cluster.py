"""The example of the cluster over streams of Redis; ``tests/amqp`` runs it over brokers."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.conftest import RedisServer
from tests.docs.tce.cluster_example import WEBSOCKET, check_every_call, command, made_cluster, until_served
from tests.docs.tce.served import served


def test_every_call_of_the_example_works_over_streams(
    tmp_path: Path, redis_server: RedisServer, redis_url: str
) -> None:
    check_every_call(made_cluster(tmp_path, redis_server.port, "stream"), lambda: until_served(redis_url))


def test_a_page_calls_and_is_called_through_the_gateway_of_websockets(
    tmp_path: Path, redis_server: RedisServer, redis_url: str, page: Page
) -> None:
    cluster = made_cluster(tmp_path, redis_server.port, "stream")
    with cluster.serving(command("server")):
        until_served(redis_url)
        with cluster.serving(command("gateway_ws"), WEBSOCKET) as gateway, served(tmp_path) as url:
            page.goto(f"{url}/docs/tce/cluster/page.html")
            log = page.locator("#log li")
            expect(log).to_have_text(["Yah! hello", "the gateway is there", "onMessage: server push message!"])
            expect(page.locator("#state")).to_have_text("open")
    assert gateway.output == "ping\n"

"""A server on a real Redis Cluster, while the queue's node fails over, and queues at other nodes."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rtserver.bootstrap.command.check_redis import check_redis
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.finding import Severity
from rtserver.service.message_queue import ServiceMessageQueue
from tcelib.redis.cluster import slot_of
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.redis_cluster import RedisCluster
from tests.running_server import RunningServer
from tests.system.test_resume import Page, metrics
from tests.until import until

OPTIONS = ("--no-demo-quotes", "--services", "tests.system.witness:OnceWitness", "--worker", "one")
QUEUE, OWN = "queue:rtserver", "queue:billing"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path / "nodes", QUEUE, replicas=1) as cluster:
        yield cluster


def test_pages_producers_and_processes_go_on_when_another_node_serves_the_queue_and_when_its_slot_moves(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    with (
        RunningServer(cluster.address, tmp_path, unused_port(), *OPTIONS) as server,
        closing(ServiceMessageQueue.connect(cluster.address)) as producer,
        ServiceMessageQueue.own(OWN, cluster.address) as own,
    ):
        login, page = DemoLogin(server.url), Page()
        page.resume(server, login)

        def push(*numbers: int) -> None:
            for number in numbers:
                producer.put("pushuser", "test", {"user_id": 1, "type": "n", "data": number})

        push(*range(10))
        page.read_until(10)
        own.push(OWN, "invoice", {"number": 1})
        [message] = own.get(timeout=10.0)
        own.ack(message)
        assert slot_of(OWN) != slot_of(QUEUE)
        for round_ in (1, 2):
            cluster.wait_synced()
            cluster.fail_over()
            push(*range(10 * round_, 10 * round_ + 10))
            page.read_until(10 * round_ + 10)
        page.leave()
        target = cluster.node_of(slot_of(OWN))
        push(30)  # whether it is on the bus when the first keys go or not
        with cluster.moving(cluster.primary, target) as move:
            move("{queue:rtserver}:bus", "{queue:rtserver}:kept:pushuser")
        push(31)
        page.connect(server, DemoLogin(server.url))
        page.read_until(32)
        assert page.got == list(range(32))
        until(lambda: int(metrics(server)["rtserver_bus_lost_total"]) == 0, "nothing is lost")
        page.leave()


def test_check_names_the_node_that_has_the_queue(cluster: RedisCluster, tmp_path: Path) -> None:
    found = list(check_redis(Config(redis_url=cluster.address, var_dir=str(tmp_path))))
    told = [finding.detail for finding in found if finding.severity is Severity.OK]
    place = f"127.0.0.1:{cluster.primary.port}"
    assert f"the primary of {QUEUE} (slot {slot_of(QUEUE)}) is {place}, one of 3 in the Cluster" in told
    assert not [finding for finding in found if finding.severity is Severity.FAIL]


def test_check_says_in_one_line_why_a_cluster_is_down(tmp_path: Path, free_port: int) -> None:
    url = f"redis+cluster://127.0.0.1:{free_port}"
    [finding] = check_redis(Config(redis_url=url, var_dir=str(tmp_path)))
    assert finding.severity is Severity.FAIL
    assert finding.detail.startswith(f"{url}: no node of the Cluster says that it is up: Error 111 connecting to")

"""The map of a Redis Cluster: its rules with nodes that are made up, then real ones."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import gevent
import pytest
import redis

from tcelib.queue.error import QueueRefusedError
from tcelib.queue.redis_topic import RedisTopic
from tcelib.redis.cluster import ClusterMap, slot_of
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.panel import Panel
from tcelib.redis.redis_address import Place
from tcelib.redis.redis_connection import RedisClient, Role, plain_client
from tcelib.redis.redis_error import RedisCallError, Trouble
from tcelib.redis.role_pool import RolePool
from tests.hub_standing import STANDING_SECONDS, longest_standing
from tests.redis_cluster import RedisCluster
from tests.sentinel_group import client_of

QUEUE, OTHER = "queue:rtserver", "queue:billing"
UP, DOWN = b"cluster_state:ok\r\ncluster_size:3\r\n", b"cluster_state:fail\r\n"
ONE, TWO = Place("10.0.0.1", 6379), Place("10.0.0.2", 6379)
Connect = Callable[[str], RedisClient]


class MadeUpNode:
    """Stands for the connections to a node, which answers with a state and rows of slots, or breaks."""

    def __init__(self, state: bytes = UP, rows: list[Any] | None = None, error: Exception | None = None) -> None:
        self.state, self.rows, self.error = state, rows or [], error
        self.asked = 0
        self.is_closed = False

    def take(self) -> "MadeUpNode":
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self

    def give_back(self, connection: object) -> None:
        assert connection is self

    def ask(self, commands: object) -> list[Any]:
        assert commands == (("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"))
        return [self.state, self.rows]

    def disconnect(self) -> None:
        self.is_closed = True


def row(first: int, last: int, *places: Place) -> list[Any]:
    return [first, last, *([place.host.encode(), place.port, b"id", []] for place in places)]


def map_of(nodes: dict[Place, MadeUpNode], *seeds: Place) -> ClusterMap:
    return ClusterMap(Panel(seeds, lambda place: cast("RolePool", nodes[place])))


def test_a_node_is_asked_once_until_its_answer_is_doubted() -> None:
    node = MadeUpNode(rows=[row(0, 99, ONE, TWO), row(100, 16383, TWO)])
    cluster = map_of({ONE: node, TWO: MadeUpNode()}, ONE)
    assert [cluster.primary_of(slot) for slot in (0, 99, 100)] == [ONE, ONE, TWO]
    assert cluster.primaries == {ONE, TWO}
    assert node.asked == 1
    node.rows = [row(0, 16383, TWO)]
    cluster.doubt()
    assert cluster.primary_of(0) == TWO


def test_a_node_that_was_cut_off_is_not_believed() -> None:
    stale, good = MadeUpNode(DOWN, [row(0, 16383, ONE)]), MadeUpNode(UP, [row(0, 16383, TWO)])
    assert map_of({ONE: stale, TWO: good}, ONE, TWO).primary_of(7) == TWO


def test_nodes_that_others_name_are_asked_when_the_first_ones_are_silent() -> None:
    first, second = MadeUpNode(rows=[row(0, 16383, ONE, TWO)]), MadeUpNode(rows=[row(0, 16383, TWO)])
    cluster = map_of({ONE: first, TWO: second}, ONE)
    cluster.primary_of(0)
    first.error = redis.ConnectionError("gone")
    cluster.doubt()
    assert cluster.primary_of(0) == TWO


def test_nodes_that_nobody_names_any_more_are_let_go_but_for_those_of_the_address() -> None:
    first, second = MadeUpNode(rows=[row(0, 16383, ONE, TWO)]), MadeUpNode()
    cluster = map_of({ONE: first, TWO: second}, ONE)
    cluster.primary_of(0)
    first.rows = [row(0, 16383, ONE)]
    cluster.doubt()
    cluster.primary_of(0)
    assert (first.is_closed, second.is_closed) == (False, True)


def test_a_node_that_says_no_host_listens_where_it_was_asked() -> None:
    node = MadeUpNode(rows=[[0, 16383, [b"", 7, b"id"]]])
    assert map_of({ONE: node, Place(ONE.host, 7): MadeUpNode()}, ONE).primary_of(0) == Place(ONE.host, 7)


def test_where_no_node_says_that_the_cluster_is_up_the_error_says_what_each_did() -> None:
    cluster = map_of({ONE: MadeUpNode(DOWN), TWO: MadeUpNode(error=redis.ConnectionError("refused"))}, ONE, TWO)
    with pytest.raises(redis.ConnectionError) as caught:
        cluster.primary_of(0)
    assert str(caught.value) == (
        "no node of the Cluster says that it is up: 10.0.0.1:6379 says that the Cluster is down; "
        "10.0.0.2:6379: refused"
    )


def test_a_slot_that_nobody_serves_is_asked_for_again() -> None:
    node = MadeUpNode(rows=[row(0, 9, ONE)])
    cluster = map_of({ONE: node}, ONE)
    with pytest.raises(redis.ConnectionError, match="no node of the Cluster serves slot 10"):
        cluster.primary_of(10)
    node.rows = [row(0, 16383, ONE)]
    assert cluster.primary_of(10) == ONE


def test_all_keys_of_a_queue_lie_in_its_slot() -> None:
    assert slot_of(QUEUE) == slot_of(f"{{{QUEUE}}}:bus") == slot_of(f"{{{QUEUE}}}:user:1") != slot_of(OTHER)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp("nodes"), QUEUE, replicas=1) as cluster:
        yield cluster


@pytest.mark.parametrize("connect", [plain_client, gevent_client])
def test_each_queue_s_keys_are_written_at_their_node_and_after_a_failover_at_the_new_one(
    cluster: RedisCluster, connect: Connect
) -> None:
    with connect(cluster.address) as client:
        ours, others = client.at(QUEUE), client.at(OTHER)
        assert ours is client.at(f"{{{QUEUE}}}:bus")
        for role in (Role.COMMANDS, Role.PUBLISHING):
            ours.call("SET", QUEUE, "before", role=role)
            others.call("SET", OTHER, "before", role=role)
        cluster.wait_synced()
        cluster.fail_over()
        assert ours.call("GET", QUEUE) == b"before"
        for role in (Role.COMMANDS, Role.PUBLISHING):
            ours.call("SET", QUEUE, "after", role=role)
            others.call("SET", OTHER, "after", role=role)
        assert ours.call("INFO", role=Role.INSPECTION)["tcp_port"] == cluster.primary.port


def test_while_a_slot_is_being_moved_writes_are_refused_and_afterwards_they_follow(cluster: RedisCluster) -> None:
    """A queue of three keys, of which one has gone already: its script must not run anywhere."""
    source, target = (cluster.node_of(slot) for slot in (cluster.slot, slot_of(OTHER)))
    keys = [f"{{{QUEUE}}}:{name}" for name in "ab"]
    script = "return redis.call('INCR', KEYS[1]) + redis.call('INCR', KEYS[2])"
    with plain_client(cluster.address) as client:
        ours = client.at(QUEUE)
        assert ours.run_script(script, keys) == 2
        with cluster.moving(source, target) as move_one:
            move_one(keys[0])
            with pytest.raises(RedisCallError, match="TRYAGAIN") as caught:
                ours.run_script(script, keys)
            assert caught.value.trouble is Trouble.ROLE_CHANGED
            with pytest.raises(RedisCallError, match="ASK") as caught:
                ours.call("INCR", keys[0])
            assert caught.value.trouble is Trouble.ROLE_CHANGED
        assert ours.run_script(script, keys) == 4
        with cluster.moving(target, source):
            pass
        assert ours.run_script(script, keys) == 6


@pytest.mark.soak
def test_a_primary_and_a_node_that_froze_do_not_stop_the_hub(tmp_path: Path) -> None:
    with RedisCluster(tmp_path, QUEUE, replicas=1) as cluster:
        clients = [gevent_client(f"{cluster.address}?socket_timeout=0.5") for _ in range(3)]
        for client in clients:
            client.at(QUEUE).call("SET", QUEUE, "before")
        cluster.wait_synced()
        old = cluster.primary
        old.freeze()
        stood = [longest_standing(partial(write_until_done, client.at(QUEUE))) for client in clients]
        for client in clients:
            client.close()
        cluster.wait_for(cluster.replicas[0])
        with client_of(cluster.primary) as other:
            assert other.get(QUEUE) == b"after"
    assert min(stood) < STANDING_SECONDS  # all three meet the same; a disk or the host may hold up one


def write_until_done(client: RedisClient) -> None:
    """As producers do: a write that was not answered may be done twice here."""
    while True:
        with suppress(RedisCallError):
            client.call("SET", QUEUE, "after")
            return
        gevent.sleep(0.05)


def test_a_node_that_is_named_as_if_it_stood_alone_is_told_from_a_redis(cluster: RedisCluster) -> None:
    other = next(node for node in cluster.nodes if node is not cluster.node_of(cluster.slot))
    with plain_client(other.url) as client, pytest.raises(RedisCallError) as caught:
        client.call("SET", QUEUE, 1)
    assert caught.value.trouble is Trouble.CLUSTER
    assert "a node of a Redis Cluster: name it with redis+cluster://" in str(caught.value)


def test_a_redis_that_stands_alone_is_no_cluster(redis_url: str) -> None:
    with (
        plain_client(redis_url.replace("redis://", "redis+cluster://")) as client,
        pytest.raises(RedisCallError, match=r"no node of the Cluster says that it is up: .*cluster support disabled"),
    ):
        client.at(QUEUE).call("PING")


def test_a_topic_says_that_it_has_no_place_in_a_cluster() -> None:
    with pytest.raises(QueueRefusedError, match="a topic needs a Redis that is no Cluster"):
        RedisTopic(plain_client("redis+cluster://one"), "alarms")

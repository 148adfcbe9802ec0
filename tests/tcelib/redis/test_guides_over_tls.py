"""A Sentinel, a Cluster and their servers that speak nothing but TLS."""

from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import RedisClient, plain_client
from tcelib.redis.redis_error import RedisCallError
from tests.conftest import unused_port
from tests.redis_over_tls import sentinel, tls_node
from tests.sentinel_group import NAME
from tests.until import until

Connect = Callable[[str], RedisClient]
BOTH = pytest.mark.parametrize("connect", [plain_client, gevent_client])


def works(connect: Connect, address: str) -> bool:
    with connect(address) as client:
        client.call("SET", "{queue:rtserver}:met", "yes")
        return bool(client.call("GET", "{queue:rtserver}:met") == b"yes")


@BOTH
def test_a_sentinel_and_the_server_that_it_names(connect: Connect, tmp_path: Path, certificate: Path) -> None:
    primary, guide = unused_port(), unused_port()
    with (
        tls_node(tmp_path / "node", primary, certificate),
        sentinel(tmp_path, guide, primary, certificate),
    ):
        address = f"rediss+sentinel://localhost:{guide}/{NAME}/0?ssl_ca_certs={certificate}"
        until(lambda: works(connect, address), "the Sentinel leads to the primary", tolerated=RedisCallError)
        with pytest.raises(RedisCallError):
            works(connect, f"rediss+sentinel://localhost:{guide}/{NAME}/0")  # nobody vouches for the certificate


@BOTH
def test_a_cluster_and_the_node_that_serves_a_slot(connect: Connect, tmp_path: Path, certificate: Path) -> None:
    port = unused_port()
    options = ("--cluster-enabled", "yes", "--cluster-port", str(unused_port()))
    with tls_node(tmp_path / "node", port, certificate, *options):
        node = f"localhost:{port}"
        with redis.Redis.from_url(f"rediss://{node}", ssl_ca_certs=str(certificate)) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
        address = f"rediss+cluster://{node}?ssl_ca_certs={certificate}"
        until(lambda: works(connect, address), "the Cluster is up", tolerated=RedisCallError)
        with pytest.raises(RedisCallError):
            works(connect, f"rediss+cluster://{node}")

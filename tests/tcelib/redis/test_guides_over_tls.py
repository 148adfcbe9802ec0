"""A Sentinel, a Cluster and their servers that speak nothing but TLS."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import RedisClient, plain_client
from tcelib.redis.redis_error import RedisCallError
from tests.conftest import unused_port
from tests.redis_process import STOP_SECONDS, RedisProcess
from tests.sentinel_group import NAME
from tests.until import until

Connect = Callable[[str], RedisClient]
BOTH = pytest.mark.parametrize("connect", [plain_client, gevent_client])


def tls_settings(port: int, certificate: Path, *words: str) -> list[tuple[str, str]]:
    """Return the settings of a server of Redis that speaks TLS alone, for what ``words`` name as well."""
    files = [(f"tls-{name}-file", str(certificate)) for name in ("cert", "key", "ca-cert")]
    return [
        ("port", "0"),
        ("tls-port", str(port)),
        ("tls-auth-clients", "no"),
        *((word, "yes") for word in words),
        *files,
    ]


def tls_node(directory: Path, port: int, certificate: Path, *options: str) -> RedisProcess:
    directory.mkdir()
    settings = tls_settings(port, certificate, "tls-replication", "tls-cluster")
    return RedisProcess(directory, *(word for name, value in settings for word in (f"--{name}", value)), *options)


@contextmanager
def sentinel(directory: Path, port: int, primary_port: int, certificate: Path) -> Iterator[None]:
    file = directory / "sentinel.conf"
    settings = tls_settings(port, certificate, "tls-replication")
    lines = [*(f"{name} {value}" for name, value in settings), f"dir {directory}"]
    file.write_text("\n".join([*lines, f"sentinel monitor {NAME} 127.0.0.1 {primary_port} 1", ""]))
    with subprocess.Popen(["redis-server", str(file), "--sentinel"], stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


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

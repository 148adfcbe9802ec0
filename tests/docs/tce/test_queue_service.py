"""A service in plain JavaScript, written after docs/tce/queues.md, answers calls through a gateway."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest
import redis

import tcelib as tce
from tcelib.error import RPCERROR_CONNECTION_LOST
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client
from tcelib.service.service_lease import REGISTRY
from tests.tcelib.runtime.gateway_rig import GatewayRig, until_so

SERVICE = Path(__file__).with_name("queue_service.mjs")
SECONDS = 20

pytestmark = pytest.mark.javascript


@contextmanager
def node_service(redis_url: str) -> Iterator["subprocess.Popen[str]"]:
    """The service, which holds its lease."""
    node = shutil.which("node")
    assert node, "node is not installed"
    port = redis_url.rsplit(":", 1)[1].split("/", maxsplit=1)[0]
    command = [node, str(SERVICE), port, "calls", str(files("tcelib.lease") / "lua")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_its_answers_come_back_to_the_client(tmp_path: Path, redis_url: str) -> None:
    with node_service(redis_url), GatewayRig(tmp_path, redis_url) as rig:
        talk = rig.dial()
        promises = [talk.echo_async(f"{n}") for n in range(30)]
        assert [promise.get(SECONDS) for promise in promises] == [f"{n}" for n in range(30)]


def test_a_call_that_a_dead_service_had_is_answered_with_connection_lost(tmp_path: Path, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client, GatewayRig(tmp_path, redis_url) as rig:
        client.xgroup_create("calls", "workers", "0", mkstream=True)
        with node_service(redis_url):
            until_so(lambda: "calls" not in rig.state.away)  # or the gateway says at once that nobody answers
        promise = rig.dial().echo_async("hello")
        until_so(lambda: client.xlen("calls"))
        assert client.xreadgroup("workers", "lease:dead", {"calls": ">"})
        with node_service(redis_url):
            with pytest.raises(tce.RpcException) as error:
                promise.get(SECONDS)
            until_so(lambda: client.xlen("{calls}:dead"))
        assert error.value.errcode == RPCERROR_CONNECTION_LOST
        assert [fields[b"reason"] for _, fields in client.xrange("{calls}:dead")] == [b"unfinished"]


def test_it_gives_its_lease_back_before_it_ends(redis_url: str) -> None:
    with node_service(redis_url) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    leases = RedisLeases(plain_client(redis_url), REGISTRY)
    assert leases.holders() == []
    leases.close()

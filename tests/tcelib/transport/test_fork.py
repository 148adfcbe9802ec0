"""Real forks of real programs with open connections: nobody gets what somebody else asked for."""

from pathlib import Path

import pytest

from tests.fork_server import run
from tests.tcelib.transport.rig import DEADLINE, Rig, SocketRig

ROOT = Path(__file__).parents[3]


def run_forking(way: str, kind: str, port: int | str, certificate: Path) -> None:
    program = ["-m", "tests.tcelib.transport.forking", way, kind, str(port), str(certificate)]
    ended = run(program, timeout=3 * DEADLINE)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("way", ["os", "gevent", "multiprocessing", "thread"])
@pytest.mark.parametrize(
    ("rig", "kind"),
    [("gevent_tcp", "socket"), ("gevent_tls", "tls"), ("gevent_websocket", "websocket")],
    indirect=["rig"],
)
def test_a_child_connects_anew_and_its_parent_notices_nothing(
    rig: SocketRig, kind: str, way: str, certificate: Path
) -> None:
    run_forking(way, kind, rig.port, certificate)


@pytest.mark.parametrize("way", ["os", "multiprocessing", "thread"])
@pytest.mark.parametrize("rig", ["asyncio_tcp"], indirect=True)
def test_a_child_is_told_that_a_connection_of_asyncio_is_its_parents(
    rig: SocketRig, way: str, certificate: Path
) -> None:
    run_forking(way, "asyncio", rig.port, certificate)


@pytest.mark.parametrize("way", ["os", "multiprocessing", "thread"])
@pytest.mark.parametrize(("rig", "kind"), [("redis_mq", "mq"), ("redis_stream", "stream")], indirect=["rig"])
def test_a_child_takes_nothing_off_its_parents_queues(
    rig: Rig, kind: str, way: str, redis_url: str, certificate: Path
) -> None:
    run_forking(way, kind, redis_url, certificate)


@pytest.mark.parametrize("way", ["os", "multiprocessing", "thread"])
def test_a_producers_child_has_connections_to_redis_of_its_own(way: str, redis_url: str, certificate: Path) -> None:
    run_forking(way, "redis", redis_url, certificate)


def test_a_child_serves_nothing_of_its_parents_and_may_listen_itself(certificate: Path) -> None:
    run_forking("os", "server", 0, certificate)

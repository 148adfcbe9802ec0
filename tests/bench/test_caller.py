"""The clients that call, on real sockets: with tcelib's own servers, and with a server that hangs up."""

import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from bench.caller import Callers, connected, connections_per_second
from bench.goal import GOALS, goal_table
from bench.peers.call_wire import ECHO, TCE, Talk
from bench.peers.one_way import GROUP, GROUPS, SERVED, PushTalk
from bench.peers.running import started
from bench.peers.table import BARE, TCELIB, TCELIB_GEVENT, Peer
from bench.scenarios.rpc import RPCS, Rpc, best, codec
from bench.spent import measured
from rtserver.bench.client.error import TargetError

TALKER = TCE.talker()


@pytest.mark.parametrize("peer", [TCELIB, TCELIB_GEVENT], ids=lambda peer: peer.name)
def test_tcelibs_servers_answer_every_call_with_the_bytes_that_are_due(peer: Peer) -> None:
    with started(peer) as running:
        for clients, depth in ((2, 200), (5, 1)):
            with running.sockets(clients) as sockets, Callers(sockets, TALKER, depth) as callers:
                assert callers.measure(0.2)["per_second"] > 0
        assert connections_per_second(running.port, TALKER, 100) > 0


@pytest.mark.parametrize("peer", [TCELIB, TCELIB_GEVENT], ids=lambda peer: peer.name)
@pytest.mark.parametrize("talker", [SERVED.talker(), PushTalk], ids=["served", "sent"])
def test_tcelibs_servers_take_and_send_groups_of_one_way_calls(peer: Peer, talker: Callable[[], Talk]) -> None:
    with started(peer) as running, running.sockets(2) as sockets, Callers(sockets, talker, GROUPS) as callers:
        assert callers.measure(0.2, GROUP)["per_second"] >= GROUP


def test_requests_over_a_websocket_are_answered_and_every_client_is_served() -> None:
    with started(BARE) as running, running.sockets(4) as sockets, Callers(sockets, ECHO.talker(), 3) as callers:
        found = callers.measure(0.2)
    assert 0 < found["p50"] <= found["p99"] <= found["max"]
    assert 0 < found["least_share"] <= 1
    assert 0 < found["client_busy"] <= 1


@pytest.fixture
def port_of_one_who_hangs_up() -> Iterator[int]:
    """Accepts, reads something, and closes."""

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        yield port
        connected(port).close()
        thread.join()


def test_a_connection_that_ends_under_load_is_an_error(port_of_one_who_hangs_up: int) -> None:
    with (
        connected(port_of_one_who_hangs_up) as connection,
        pytest.raises(TargetError, match="closed a connection under load"),
    ):
        Callers([connection], TALKER, 1)


def test_a_connection_that_ends_before_its_answer_is_an_error(port_of_one_who_hangs_up: int) -> None:
    with pytest.raises(TargetError, match="before its answer"):
        connections_per_second(port_of_one_who_hangs_up, TALKER, 1)


def test_of_several_rounds_the_best_counts() -> None:
    rates = iter((200.4, 300.6, 100.0))
    with started(TCELIB) as running:
        found = best(running, 3, lambda: next(rates))
    assert found["per_second"] == 301


def test_a_rate_is_divided_by_the_processor_time_of_its_server() -> None:
    def measure() -> dict[str, int]:
        sum(range(5_000_000))
        return {"per_second": 1_000}

    found = measured(os.getpid(), measure)
    assert found["per_core"] == pytest.approx(1_000 / found["server_busy"], rel=0.1)
    assert found["cpu_us"] == pytest.approx(1e6 / found["per_core"], rel=0.1)


def test_the_codec_of_our_own_rows_is_measured() -> None:
    for rpc in RPCS:
        if rpc.codec and not rpc.peer.environment:
            figures = codec(rpc)
            assert figures["both_us"] == pytest.approx(figures["write_us"] + figures["read_us"], abs=0.002)


def test_a_codec_that_cannot_be_measured_is_named_with_its_reason() -> None:
    with pytest.raises(TargetError, match=r"no_such_codec.py.*No such file"):
        codec(Rpc(TCELIB, TCE.talker, "no_such_codec.py"))


def test_the_goals_are_found_where_the_scenario_puts_its_figures() -> None:
    row = {
        "pipelined": {"per_second": 400_000, "per_core": 690_000},
        "one-way served": {"per_core": 800_000},
        "one-way sent": {"per_core": 810_000},
        "depth 1": {"per_second": 40_000},
        "connections": {"per_second": 11_000},
        "codec": {"both_us": 2.0},
    }
    table = goal_table(GOALS, {"rpc": {"echo of 48 bytes": {TCELIB.name: row}}})
    assert "| TCE, pipelined, calls/s | ≥ 300,000 | 400,000 | yes |" in table
    assert "| TCE, two-way, calls/s per core | ≥ 700,000 | 690,000 | **no** |" in table
    assert "| TCE, one-way served, calls/s per core | ≥ 800,000 | 800,000 | yes |" in table
    assert "| TCE, one-way sent, calls/s per core | ≥ 800,000 | 810,000 | yes |" in table
    assert "| TCE, 50 clients at depth 1, calls/s | ≥ 50,000 | 40,000 | **no** |" in table
    assert "| TCE, new connections with a call, /s | ≥ 10,000 | 11,000 | yes |" in table
    assert "| TCE, a struct written and read, µs | ≤ 5 | 2 | yes |" in table

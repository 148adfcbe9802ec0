"""/healthz, /readyz and /metrics over real HTTP."""

import asyncio
import json
import os
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from rtserver.bootstrap.web.health import AliveHandler, Readiness, Reading, ReadyHandler, beat_probe, loops_probe
from rtserver.bootstrap.web.metrics import Measure, Metrics, MetricsHandler
from rtserver.registry.running_server import RunningServer


def get(route: tuple, path: str) -> HTTPResponse:
    """The answer of a server with one route."""

    async def fetch() -> HTTPResponse:
        listener, port = bind_unused_port()
        server = HTTPServer(Application([route]))
        server.add_socket(listener)
        client = AsyncHTTPClient(force_instance=True)
        try:
            return await client.fetch(f"http://127.0.0.1:{port}{path}", raise_error=False)
        finally:
            client.close()
            server.stop()
            await server.close_all_connections()

    return asyncio.run(fetch())


SERVER = RunningServer("a", "1.2.3", 2, 3, 1_700_000_000.0, ("quote",))


def ready(*probes: Callable[[], Reading], refusal: str = "", server: RunningServer = SERVER) -> tuple[int, dict]:
    async def servers() -> list[RunningServer]:
        return [server]

    route = {"readiness": Readiness("web1:8888", probes, servers), "refusal": lambda request: refusal}
    answer = get((r"/readyz", ReadyHandler, route), "/readyz")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.code, json.loads(answer.body)


def test_a_loop_that_turns_is_alive() -> None:
    answer = get((r"/healthz", AliveHandler), "/healthz")
    assert (answer.code, json.loads(answer.body)) == (200, {"alive": True})


def test_a_loop_that_keeps_dying_is_named() -> None:
    failing = []
    probe = loops_probe(lambda: failing)
    assert probe() == Reading("lanes", True, "alive")
    failing += ["quote", "burials"]
    assert probe() == Reading("lanes", False, "dead, or keep dying: quote, burials")


def test_ready_means_that_every_probe_is_content() -> None:
    code, body = ready(lambda: Reading("redis", True, "redis://x"), lambda: Reading("loop", True, ""))
    assert code == 200
    assert body == {
        "ready": True,
        "worker": "web1:8888",
        "pid": os.getpid(),
        "checks": [{"name": "redis", "ok": True, "detail": "redis://x"}, {"name": "loop", "ok": True, "detail": ""}],
        "servers": [{**SERVER._asdict(), "types": ["quote"]}],
    }


def test_a_server_with_a_name_that_json_cannot_say_is_listed() -> None:
    code, body = ready(server=SERVER._replace(name="caf\udce9", types=("\ud800",)))
    assert (code, body["servers"][0]["name"], body["servers"][0]["types"]) == (200, "caf?", ["?"])


def test_one_probe_that_is_not_content_is_enough_for_503_and_the_others_are_still_told() -> None:
    code, body = ready(lambda: Reading("redis", False, "refused"), lambda: Reading("loop", True, ""))
    assert code == 503
    assert not body["ready"]
    assert [check["ok"] for check in body["checks"]] == [False, True]


def test_a_stranger_is_told_whether_we_are_ready_and_not_why() -> None:
    code, body = ready(lambda: Reading("redis", False, "redis://internal"), refusal="no")
    assert (code, body) == (503, {"ready": False})


def test_a_stranger_gets_the_reason_and_no_numbers() -> None:
    route = (r"/metrics", MetricsHandler, {"metrics": Metrics([]), "refusal": lambda request: "not for you"})
    answer = get(route, "/metrics")
    assert answer.code == 403
    assert answer.body == b"not for you\n"


@pytest.mark.parametrize(("now", "ok"), [(10.0, True), (12.0, True), (12.1, False)])
def test_something_that_beats_is_ready_while_its_last_beat_is_fresh(now: float, ok: bool) -> None:
    probe = beat_probe("service thread", last_beat=lambda: 10.0, limit=2.0, now=lambda: now)
    assert probe() == Reading("service thread", ok, f"last turn {now - 10:.1f} s ago")


def test_metrics_are_what_the_callables_say_at_that_moment() -> None:
    count = 0
    metrics = Metrics(
        [
            Measure("counter", "messages", "Messages taken.", lambda: count),
            Measure("counter", "dead", "Dead messages.", lambda: {"bad_json": 2, "unknown_type": 0}, "reason"),
            Measure("gauge", "connections", "Open sockets.", lambda: 5),
        ]
    )
    count = 7
    answer = get((r"/metrics", MetricsHandler, {"metrics": metrics, "refusal": lambda request: ""}), "/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
    assert families["rtserver_messages"].samples[0].value == 7
    assert families["rtserver_messages"].documentation == "Messages taken."
    assert {s.labels["reason"]: s.value for s in families["rtserver_dead"].samples} == {
        "bad_json": 2,
        "unknown_type": 0,
    }
    assert families["rtserver_connections"].type == "gauge"
    assert "process_resident_memory_bytes" in families


def test_two_servers_in_one_process_have_each_their_own_numbers() -> None:
    one, two = (Metrics([Measure("gauge", "connections", "Open sockets.", lambda n=n: n)]) for n in (1, 2))
    assert b"rtserver_connections 1.0" in one.render()
    assert b"rtserver_connections 2.0" in two.render()


def test_nothing_is_read_before_somebody_asks() -> None:
    def read() -> float:
        raise AssertionError("nobody asked")

    Metrics([Measure("gauge", "connections", "Open sockets.", read)])


def test_two_measures_of_one_name_are_refused() -> None:
    twice = [Measure("gauge", "connections", "Open sockets.", lambda: 1)] * 2
    with pytest.raises(ValueError, match="rtserver_connections"):
        Metrics(twice)

"""Answers to monitors, put together of what workers say."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from rtserver.bootstrap.config.monitor import FOREIGN_HOST, PROXIED
from rtserver.bootstrap.supervisor.fleet import Fleet
from rtserver.bootstrap.supervisor.http_exchange import Request
from rtserver.bootstrap.supervisor.inquiry import PATIENCE_SECONDS, Answers, Inquiries
from rtserver.bootstrap.supervisor.overview import Overview
from rtserver.bootstrap.supervisor.worker import Worker

LOCAL = {"host": "127.0.0.1:9001"}


class Desk:
    """A fleet of two, whose workers answer as a test says."""

    def __init__(self) -> None:
        self.fleet = Fleet(2, 20.0)
        self.fleet.tick(0.0)
        self.workers = [Worker(100 + number, number, heard=0.0) for number in (1, 2)]
        for worker in self.workers:
            self.fleet.on_started(worker.position, worker)
        self.answers: dict[int, object] = {}
        self.overview = Overview(self.fleet, self._ask, frozenset({"localhost"}))

    def make_ready(self, *workers: Worker) -> None:
        for worker in workers:
            self.fleet.on_up(worker, 0.0, port=1, version="1")
            self.fleet.on_beat(worker, 0.0, is_ready=True, connections=0)

    def _ask(self, what: str, on_done: Callable[[Answers], object]) -> None:
        on_done(self.answers)

    def get(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> tuple[int, str]:
        answers: list[bytes] = []
        self.overview.on_request(Request(method, path, headers or LOCAL), answers.append)
        head, _, body = answers[0].partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()


def told(worker: Worker, *, ready: bool = True) -> dict[str, Any]:
    return {
        "ready": ready,
        "worker": f"h:1/{worker.position}",
        "pid": worker.pid,
        "checks": [{"name": "redis", "ok": ready, "detail": ""}],
        "servers": [{"name": "h:1/1"}],
    }


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_supervisor_that_turns_is_alive(desk: Desk) -> None:
    assert desk.get("/healthz") == (200, '{"alive": true}')


def test_all_are_ready_when_one_is_and_each_is_told_with_its_position(desk: Desk) -> None:
    first, second = desk.workers
    assert desk.get("/readyz")[0] == 503
    desk.make_ready(first, second)
    desk.answers = {first.pid: told(first), second.pid: told(second, ready=False)}
    code, body = desk.get("/readyz")
    answer = json.loads(body)
    assert (code, answer["ready"]) == (200, True)
    assert [(each["position"], each["worker"], each["ready"]) for each in answer["workers"]] == [
        (1, "h:1/1", True),
        (2, "h:1/2", False),
    ]
    assert answer["servers"] == [{"name": "h:1/1"}]


def test_a_worker_that_is_silent_or_gone_is_told(desk: Desk) -> None:
    first, second = desk.workers
    desk.make_ready(first, second)
    desk.fleet.on_exit(second, -9, 1.0)
    code, body = desk.get("/readyz")
    assert code == 503
    assert [each["checks"][0]["name"] for each in json.loads(body)["workers"]] == ["answer", "process"]


def test_who_goes_down_is_not_ready(desk: Desk) -> None:
    desk.make_ready(*desk.workers)
    desk.answers = {worker.pid: told(worker) for worker in desk.workers}
    assert desk.get("/readyz")[0] == 200
    desk.fleet.stop()
    assert desk.get("/readyz")[0] == 503


def test_metrics_say_which_workers_answered_and_how_many_died(desk: Desk) -> None:
    desk.make_ready(*desk.workers)
    desk.answers = {101: "# TYPE a gauge\na 1\n"}
    code, body = desk.get("/metrics")
    assert code == 200
    lines = body.splitlines()
    assert {'a{worker="1"} 1', 'rtserver_worker_up{worker="1"} 1.0', 'rtserver_worker_up{worker="2"} 0.0'} <= {*lines}
    assert 'rtserver_worker_deaths_total{worker="2"} 0' in lines
    assert "rtserver_workers 2" in lines


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [({"host": "evil.example"}, FOREIGN_HOST), ({}, ""), ({**LOCAL, "x-forwarded-for": "1.2.3.4"}, PROXIED)],
)
def test_who_is_led_here_by_a_page_or_a_proxy_is_told_nothing(
    desk: Desk, headers: dict[str, str], refusal: str
) -> None:
    desk.make_ready(*desk.workers)
    headers = headers or {"accept": "*/*"}
    code, body = desk.get("/metrics", headers=headers)
    assert code == 403
    assert refusal in body
    assert json.loads(desk.get("/readyz", headers=headers)[1]) == {"ready": False}


@pytest.mark.parametrize(
    ("path", "method", "code"), [("/", "GET", 404), ("/metrics", "POST", 405), ("/healthz", "HEAD", 200)]
)
def test_nothing_else_is_answered(desk: Desk, path: str, method: str, code: int) -> None:
    assert desk.get(path, method)[0] == code
    assert method != "HEAD" or not desk.get(path, method)[1]


def test_an_inquiry_ends_when_all_have_answered_or_died_or_patience_is_over() -> None:
    inquiries, done = Inquiries(), []
    first = inquiries.begin([1, 2], 0.0, done.append)
    inquiries.on_answer(first, 1, "a")
    inquiries.on_answer(first, 3, "a stranger's")
    inquiries.tick(0.5)
    assert done == []
    inquiries.on_exit(2)
    inquiries.tick(0.5)
    assert done == [{1: "a"}]
    second = inquiries.begin([1], 1.0, done.append)
    inquiries.tick(1.1 + PATIENCE_SECONDS)
    inquiries.on_answer(second, 1, "too late")
    inquiries.tick(9.0)
    assert done == [{1: "a"}, {}]
